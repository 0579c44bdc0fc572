/// Words that say nothing about a person although people, streets and hospitals are called so.
///
/// Such a word is taken for an identifier only together with another part of the name. Without that, useful text would go:
/// `HEAD` of a patient named Head, `MAX` in `Max. intensity`, `LEFT`, the names of modalities and of months, which are found
/// as dates. The words are folded.
enum CommonWords {
    static func contains(_ word: some StringProtocol) -> Bool { words.contains(String(word)) }

    private static let words: Set<String> = Set(
        (anatomy + imaging + signs + organisations + makers + general).split { $0 == " " || $0 == "\n" }.map {
            String($0)
        }
    )

    private static let anatomy = """
        abdomen abdominal achilles adrenal ankle aorta aortic apex arch arm artery artere axilla back bein biceps bile bladder
        blood bone brain breast brust bronchus bauch becken calf cardiac carotid cava cerebral cervical chest chin clavicle
        colon cord corpus costa coronary cranial cranium dental disc disk dorsal ear elbow esophagus eye eyes face facial
        femoral femur fibula finger foot foramen fuss gallbladder gelenk gland groin hals hand hands hand head heart heel hepatic
        herz hip hips hufte humerus iliac intestine jaw joint kidney knee knie kopf larynx leber leg lips liver lobe lumbar lung
        lungs lunge lymph mandible mamma maxilla mediastinum milz mouth muscle nasal neck nerve niere nose optic orbit orbita
        organ ovary palm pancreas parotid pelvis pelvic penis pharynx pituitary plexus popliteal prostate pulmonary radius rectum
        renal retina rib ribs root rucken sacral sacrum scalp scapula schulter shoulder sinus skin skull soft spine spinal spleen
        stamm sternum stomach teeth temple temporal testis thigh thorax throat thumb thymus thyroid tibia tissue toe toes tongue
        trachea trunk ulna uterus vein vena vertebra vessel vessels wirbel wirbelsaule wrist zahn crane tete cou bras jambe pied
        main dos genou hanche epaule coude poumon foie rein coeur cabeza cuello brazo pierna mano pie torax higado testa collo
        braccio gamba piede ginocchio spalla fegato cuore hoofd nek arm been hand voet knie heup rug
        """

    private static let imaging = """
        angio angiography ap app art arterial ax axial axis b0 bas base basic beam black blood blue body bold bolus bone bright
        brain calc cath chemo cine clip coil cold color colour cor coronal contrast cr cs ct cta ctdi ctp cut dark dce delay
        delayed derived dental diff diffusion digital dixon dose double dr dwi dx dyn dynamic early ecg echo echos edge enhanced
        epi exam exp eye fast fat fdg ffe field filter filtered fine first flair flash flex flip flow fov frame free front fse fuse
        fused gate gated gain gating gre grid group hard head heart high hot image images inf inferior insp ir iso isotropic iv kernel
        km knee kv lao lat lateral late lauf left leg legs lens level li light line linear links liver localizer locator long loop
        low lower lung mag magnitude main map maps mask max mean mip min minip mip mixed mono motion mpr mprage mr mra mri ms
        multi muscle nativ native navigator neck neg neutral new nm none normal norm o2 obl oblique ops original other out oxygen
        pa para peak perf perfusion pet phase phantom pilot plain plane plan po point pop portable portal pos post power pre
        primary prone prospect protocol proton pt pulse quant quick rad rao range rapid rare ray raw re rec rechts recon red ref
        reference reformat rest result retro right rot rotation routine rt rx sag sagittal sag sat scan scout sc screen se sec
        secondary seg sense ser series set setup shape sharp short shot side siem single slab slice slow small smooth soft source
        spair speed spin spine spiral spoiled spot std stack standard star static step stir store stress study sub summary sum sup
        superior supine surview survey swi t1 t2 table tap test text thick thin thorax three time tir tirm tof top total tra track
        trans transverse trace true tse turbo twin two unit upper us vascular vein venous view volume vibe view vol water weight
        white wide window with without work xa zero zoom lossy lossless dosis seite stehend liegend nach vor mit ohne und quer lang
        kurz gross klein neu alt dick dunn schnitt schicht serie bild bilder untersuchung
        """

    private static let signs = """
        acute benign biopsy bleeding block burst bypass cancer carcinoma case cell change chronic clear cold cough cyst deep
        defect diagnosis disease edema fever fibrosis finding findings flow focal follow fracture frei gas good graft grade growth
        hemorrhage hernia history hurt hyper hypo implant infarct infection injury lead lesion lesions loss lump marker mass mild
        moderate mri nodule normal null old open pain patient pig plaque polyp prior process pump reason renal repair ring rule
        scar score screw severe sharp sick smear stable stage stain stem stent stern stone strain stroke surgery swell tear test
        therapy thrombus transplant trauma treatment tumor tumour ulcer unremarkable valve vein wire wound young befund frage
        fraktur klinik schmerz sturz tumor verlauf kontrolle links rechts
        """

    private static let organisations = """
        abteilung academic allgemein ambulanz anesthesia berg cancer cardiology care center centre centro central charity city
        clinic clinica clinical clinico clinique college community department dept diagnostic diagnostics east emergency foundation
        general group health healthcare hopital hospital hospitalier imaging inst institut institute institution institution intern
        kardiologie klinik klinikum kreis krankenhaus lab laboratory med medical medicine medizin memorial national neurology nord
        north nuclear oncology onkologie ost orthopedics outpatient park pathology pediatrics practice praxis private public
        radiologie radiologia radiology radiologisches regional research saint sankt san santa school science sciences service
        services south sud staat station street strasse surgery test trial trust unit unite universitaire universitario universitat
        universitatsklinikum university ward west zentrum ziekenhuis sykehus sjukhus hospices avenue road lane drive platz allee weg
        rue via calle plaza room floor building house haus germany deutschland france spain italy canada america states united
        """

    private static let makers = """
        agfa airis aquilion avanto bayer bracco bruker canon carestream elekta esaote fuji fujifilm ge hitachi hologic ingenia
        kodak konica lunit magnetom mindray minolta philips prisma samsung sectra shimadzu siemens skyra sonosite somatom toshiba
        united varian verio vida vitrea xray healthineers medical systems imaging software
        """

    private static let general = """
        about adult after all also and anon anonymous any april august baby bed before best big bin bird both boy but car child
        cm cold come could day days december der des die direct do dr early east end evening ever every fall false february female
        few for four friday from full girl give great green grey half hard have her him his hold hour hours how infant its jan
        january july june just keep know land large last left less life like little live love made make male man many march may
        men mid middle might mini mm monday month months more morning most mrs much must name near next nice night nil no none not
        nothing november now null number numbers object october off old one only open order over own page part past person pro
        prof put quick read real red run safe same saturday say second see seen self september she sir six small some spring stand
        start state still strong such summer sunday sure take tall ten that the their then there these they this thursday time to
        today too trial true try tuesday type una under unknown until use user value van very von wait walk want warm was way we
        wednesday week weeks well went were wet what when which who why wild will winter wise with woman women wood word year years
        yes yet you your zone mai juni juli januar februar marz oktober dezember mars avril juin juillet aout septembre octobre
        novembre decembre janvier fevrier enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
        """
}
