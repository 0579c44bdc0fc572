// The IJG code with lossless JPEG, as GDCM builds it for 12 bits.
#include <stdio.h>

// The library is built with this; without it the table of memory functions has another layout.
#define NEED_DARRAY
#include <gdcm-3.0/gdcmjpeg/12/jpeglib.h>

#include <gdcm-3.0/gdcmjpeg/12/jerror.h>

#define CASSETTE_NAME(function) cassette_jpeg_gdcm12_##function
#define CASSETTE_HAS_LOSSLESS 1
#include "codec.inc.h"
