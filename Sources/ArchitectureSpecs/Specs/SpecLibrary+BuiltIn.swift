import Platform

extension SpecLibrary {
    /// The families that we know, from `Architectures/`; read once.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func builtIn() throws(FileError) -> SpecLibrary { try known.get() }

    /// Has the families read beside what the caller does next: a checkpoint is opened in about the same time.
    package static func readAhead() {
        // Where there is no thread for it they are read when they are asked for.
        _ = SystemThread.start(stackSize: SystemThread.largeStack) { _ = Self.known }
    }

    private static let known = Result { () throws(FileError) in try read() }

    private static func read() throws(FileError) -> SpecLibrary {
        let documents = [
            PackageResources.albert_json, PackageResources.bart_json, PackageResources.bert_json,
            PackageResources.bloom_json, PackageResources.clip_json, PackageResources.clip_text_json,
            PackageResources.clip_vision_json, PackageResources.deberta_json, PackageResources.deberta_v1_json,
            PackageResources.deit_json, PackageResources.dinov2_json, PackageResources.distilbert_json,
            PackageResources.electra_json, PackageResources.eurobert_json, PackageResources.falcon_json,
            PackageResources.fnet_json, PackageResources.gemma_json, PackageResources.gpt2_json,
            PackageResources.gpt_neox_json, PackageResources.gptj_json, PackageResources.granite_json,
            PackageResources.gte_json, PackageResources.jina_v3_json, PackageResources.llama_json,
            PackageResources.mixture_of_experts_json, PackageResources.modernbert_json, PackageResources.mpnet_json,
            PackageResources.nomic_bert_json, PackageResources.olmo2_json, PackageResources.opt_json,
            PackageResources.phi3_json, PackageResources.roberta_json, PackageResources.siglip_json,
            PackageResources.siglip_text_json, PackageResources.siglip_vision_json, PackageResources.smollm3_json,
            PackageResources.t5_json, PackageResources.vit_json, PackageResources.whisper_json,
        ]
        var specs: [ArchitectureSpec] = []
        for document in documents { specs.append(try ArchitectureSpec(document, path: "built-in architecture")) }
        return SpecLibrary(specs)
    }
}
