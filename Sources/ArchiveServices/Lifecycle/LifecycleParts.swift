/// The services by which studies age.
struct LifecycleParts: Sendable {
    let jobs: JobRunner
    let accesses: AccessLog
    let labels: LabelService
    let recalls: RecallService
    let lifecycle: LifecycleService
    let storeChecks: StoreCheckService

    init(on base: ArchiveFoundation, _ setup: LifecycleSetup, catalog: CurrentCatalog, holds: HoldService) {
        let (policy, clock) = (base.policy, base.clock)
        jobs = JobRunner(
            registry: base.registry,
            policy: policy,
            clock: clock,
            random: base.random,
            logger: base.logger
        )
        accesses = AccessLog(registry: base.registry, clock: clock, logger: base.logger)
        labels = LabelService(policy: policy, catalog: catalog, notes: base.registry, clock: clock)
        storeChecks = StoreCheckService(policy: policy, stores: setup.blobStores, random: base.random)
        recalls = RecallService(
            policy: policy,
            catalog: catalog,
            jobs: jobs,
            setup: setup,
            clock: clock,
            logger: base.logger
        )
        lifecycle = LifecycleService(
            policy: policy,
            setup: setup,
            survey: StudySurvey(
                catalog: catalog,
                places: setup.places,
                notes: base.registry,
                holds: holds,
                accesses: accesses
            ),
            jobs: jobs,
            clock: clock,
            logger: base.logger
        )
    }
}
