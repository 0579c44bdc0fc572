// libjpeg-turbo: lossy, 8 bits.
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

#define CASSETTE_NAME(function) cassette_jpeg_turbo_##function
#define CASSETTE_HAS_LOSSLESS 0
#include "codec.inc.h"
