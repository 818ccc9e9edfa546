// Written by scripts/list-resources; scripts/lint says when it is out of date.
//
// What `__has_include` asks for is known as something that this file depends on: it is compiled anew when that changes.
#include "embed.h"

#if !__has_include("ArchitectureSpecs/Architectures/albert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_0, "ArchitectureSpecs/Architectures/albert.json")
#if !__has_include("ArchitectureSpecs/Architectures/bart.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_1, "ArchitectureSpecs/Architectures/bart.json")
#if !__has_include("ArchitectureSpecs/Architectures/bert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_2, "ArchitectureSpecs/Architectures/bert.json")
#if !__has_include("ArchitectureSpecs/Architectures/bloom.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_3, "ArchitectureSpecs/Architectures/bloom.json")
#if !__has_include("ArchitectureSpecs/Architectures/clip.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_4, "ArchitectureSpecs/Architectures/clip.json")
#if !__has_include("ArchitectureSpecs/Architectures/clip_text.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_5, "ArchitectureSpecs/Architectures/clip_text.json")
#if !__has_include("ArchitectureSpecs/Architectures/clip_vision.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_6, "ArchitectureSpecs/Architectures/clip_vision.json")
#if !__has_include("ArchitectureSpecs/Architectures/deberta.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_7, "ArchitectureSpecs/Architectures/deberta.json")
#if !__has_include("ArchitectureSpecs/Architectures/deberta_v1.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_8, "ArchitectureSpecs/Architectures/deberta_v1.json")
#if !__has_include("ArchitectureSpecs/Architectures/deit.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_9, "ArchitectureSpecs/Architectures/deit.json")
#if !__has_include("ArchitectureSpecs/Architectures/dinov2.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_10, "ArchitectureSpecs/Architectures/dinov2.json")
#if !__has_include("ArchitectureSpecs/Architectures/distilbert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_11, "ArchitectureSpecs/Architectures/distilbert.json")
#if !__has_include("ArchitectureSpecs/Architectures/electra.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_12, "ArchitectureSpecs/Architectures/electra.json")
#if !__has_include("ArchitectureSpecs/Architectures/eurobert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_13, "ArchitectureSpecs/Architectures/eurobert.json")
#if !__has_include("ArchitectureSpecs/Architectures/falcon.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_14, "ArchitectureSpecs/Architectures/falcon.json")
#if !__has_include("ArchitectureSpecs/Architectures/fnet.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_15, "ArchitectureSpecs/Architectures/fnet.json")
#if !__has_include("ArchitectureSpecs/Architectures/gemma.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_16, "ArchitectureSpecs/Architectures/gemma.json")
#if !__has_include("ArchitectureSpecs/Architectures/gpt2.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_17, "ArchitectureSpecs/Architectures/gpt2.json")
#if !__has_include("ArchitectureSpecs/Architectures/gpt_neox.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_18, "ArchitectureSpecs/Architectures/gpt_neox.json")
#if !__has_include("ArchitectureSpecs/Architectures/gptj.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_19, "ArchitectureSpecs/Architectures/gptj.json")
#if !__has_include("ArchitectureSpecs/Architectures/granite.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_20, "ArchitectureSpecs/Architectures/granite.json")
#if !__has_include("ArchitectureSpecs/Architectures/gte.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_21, "ArchitectureSpecs/Architectures/gte.json")
#if !__has_include("ArchitectureSpecs/Architectures/jina_v3.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_22, "ArchitectureSpecs/Architectures/jina_v3.json")
#if !__has_include("ArchitectureSpecs/Architectures/llama.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_23, "ArchitectureSpecs/Architectures/llama.json")
#if !__has_include("ArchitectureSpecs/Architectures/mixture_of_experts.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_24, "ArchitectureSpecs/Architectures/mixture_of_experts.json")
#if !__has_include("ArchitectureSpecs/Architectures/modernbert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_25, "ArchitectureSpecs/Architectures/modernbert.json")
#if !__has_include("ArchitectureSpecs/Architectures/mpnet.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_26, "ArchitectureSpecs/Architectures/mpnet.json")
#if !__has_include("ArchitectureSpecs/Architectures/nomic_bert.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_27, "ArchitectureSpecs/Architectures/nomic_bert.json")
#if !__has_include("ArchitectureSpecs/Architectures/olmo2.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_28, "ArchitectureSpecs/Architectures/olmo2.json")
#if !__has_include("ArchitectureSpecs/Architectures/opt.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_29, "ArchitectureSpecs/Architectures/opt.json")
#if !__has_include("ArchitectureSpecs/Architectures/phi3.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_30, "ArchitectureSpecs/Architectures/phi3.json")
#if !__has_include("ArchitectureSpecs/Architectures/roberta.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_31, "ArchitectureSpecs/Architectures/roberta.json")
#if !__has_include("ArchitectureSpecs/Architectures/siglip.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_32, "ArchitectureSpecs/Architectures/siglip.json")
#if !__has_include("ArchitectureSpecs/Architectures/siglip_text.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_33, "ArchitectureSpecs/Architectures/siglip_text.json")
#if !__has_include("ArchitectureSpecs/Architectures/siglip_vision.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_34, "ArchitectureSpecs/Architectures/siglip_vision.json")
#if !__has_include("ArchitectureSpecs/Architectures/smollm3.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_35, "ArchitectureSpecs/Architectures/smollm3.json")
#if !__has_include("ArchitectureSpecs/Architectures/t5.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_36, "ArchitectureSpecs/Architectures/t5.json")
#if !__has_include("ArchitectureSpecs/Architectures/vit.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_37, "ArchitectureSpecs/Architectures/vit.json")
#if !__has_include("ArchitectureSpecs/Architectures/whisper.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_38, "ArchitectureSpecs/Architectures/whisper.json")
#if !__has_include("ArchitectureSpecs/Keys/huggingface_keys.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_39, "ArchitectureSpecs/Keys/huggingface_keys.json")
#if !__has_include("ArchitectureSpecs/Keys/kerashub_keys.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_40, "ArchitectureSpecs/Keys/kerashub_keys.json")
#if !__has_include("KerasModels/LayerSpecs/bert_encoder.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_41, "KerasModels/LayerSpecs/bert_encoder.json")
#if !__has_include("KerasModels/LayerSpecs/hub_token_and_position_embedding.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_42, "KerasModels/LayerSpecs/hub_token_and_position_embedding.json")
#if !__has_include("KerasModels/LayerSpecs/hub_transformer_decoder.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_43, "KerasModels/LayerSpecs/hub_transformer_decoder.json")
#if !__has_include("KerasModels/LayerSpecs/hub_transformer_encoder.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_44, "KerasModels/LayerSpecs/hub_transformer_encoder.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_attention.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_45, "KerasModels/LayerSpecs/pattern_attention.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_attention_with_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_46, "KerasModels/LayerSpecs/pattern_attention_with_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_block.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_47, "KerasModels/LayerSpecs/pattern_block.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_block_both_activated.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_48, "KerasModels/LayerSpecs/pattern_block_both_activated.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_block_of_one_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_49, "KerasModels/LayerSpecs/pattern_block_of_one_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_blocks.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_50, "KerasModels/LayerSpecs/pattern_blocks.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_blocks_with_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_51, "KerasModels/LayerSpecs/pattern_blocks_with_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_class_row.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_52, "KerasModels/LayerSpecs/pattern_class_row.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_column_vector.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_53, "KerasModels/LayerSpecs/pattern_column_vector.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_convolved_patches.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_54, "KerasModels/LayerSpecs/pattern_convolved_patches.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_convolved_patches_with_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_55, "KerasModels/LayerSpecs/pattern_convolved_patches_with_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_cross_block.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_56, "KerasModels/LayerSpecs/pattern_cross_block.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_decoder_block.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_57, "KerasModels/LayerSpecs/pattern_decoder_block.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_dense_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_58, "KerasModels/LayerSpecs/pattern_dense_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_embedded_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_59, "KerasModels/LayerSpecs/pattern_embedded_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_encoder.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_60, "KerasModels/LayerSpecs/pattern_encoder.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_encoder_with_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_61, "KerasModels/LayerSpecs/pattern_encoder_with_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_encoder_with_sines.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_62, "KerasModels/LayerSpecs/pattern_encoder_with_sines.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_encoder_with_sines_with_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_63, "KerasModels/LayerSpecs/pattern_encoder_with_sines_with_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_feed_forward.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_64, "KerasModels/LayerSpecs/pattern_feed_forward.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_feed_forward_with_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_65, "KerasModels/LayerSpecs/pattern_feed_forward_with_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_gated_residual.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_66, "KerasModels/LayerSpecs/pattern_gated_residual.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_learned_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_67, "KerasModels/LayerSpecs/pattern_learned_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_own_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_68, "KerasModels/LayerSpecs/pattern_own_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_patch_encoder.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_69, "KerasModels/LayerSpecs/pattern_patch_encoder.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_patch_encoder_with_table.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_70, "KerasModels/LayerSpecs/pattern_patch_encoder_with_table.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_patch_encoder_with_token.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_71, "KerasModels/LayerSpecs/pattern_patch_encoder_with_token.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_patches.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_72, "KerasModels/LayerSpecs/pattern_patches.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_projected_patches.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_73, "KerasModels/LayerSpecs/pattern_projected_patches.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_rms_norm.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_74, "KerasModels/LayerSpecs/pattern_rms_norm.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_series_patches.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_75, "KerasModels/LayerSpecs/pattern_series_patches.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_sine_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_76, "KerasModels/LayerSpecs/pattern_sine_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_time_kernel.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_77, "KerasModels/LayerSpecs/pattern_time_kernel.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_time_waves.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_78, "KerasModels/LayerSpecs/pattern_time_waves.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_tokens.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_79, "KerasModels/LayerSpecs/pattern_tokens.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_tokens_and_positions.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_80, "KerasModels/LayerSpecs/pattern_tokens_and_positions.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_tokens_and_sines.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_81, "KerasModels/LayerSpecs/pattern_tokens_and_sines.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_tokens_and_table.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_82, "KerasModels/LayerSpecs/pattern_tokens_and_table.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_unchanged.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_83, "KerasModels/LayerSpecs/pattern_unchanged.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_weighed_rows.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_84, "KerasModels/LayerSpecs/pattern_weighed_rows.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_weighed_rows_by_step.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_85, "KerasModels/LayerSpecs/pattern_weighed_rows_by_step.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_weighed_rows_dense.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_86, "KerasModels/LayerSpecs/pattern_weighed_rows_dense.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_weighed_rows_flat.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_87, "KerasModels/LayerSpecs/pattern_weighed_rows_flat.json")
#if !__has_include("KerasModels/LayerSpecs/pattern_weighed_rows_two_dense.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_88, "KerasModels/LayerSpecs/pattern_weighed_rows_two_dense.json")
#if !__has_include("KerasModels/LayerSpecs/position_embedding.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_89, "KerasModels/LayerSpecs/position_embedding.json")
#if !__has_include("KerasModels/LayerSpecs/reuse_transformer.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_90, "KerasModels/LayerSpecs/reuse_transformer.json")
#if !__has_include("KerasModels/LayerSpecs/self_attention_mask.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_91, "KerasModels/LayerSpecs/self_attention_mask.json")
#if !__has_include("KerasModels/LayerSpecs/transformer_encoder_block.json")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_92, "KerasModels/LayerSpecs/transformer_encoder_block.json")
#if !__has_include("Reporting/Resources/report.css")
#error "run scripts/list-resources"
#endif
RK_EMBED(rk_resource_93, "Reporting/Resources/report.css")

static const rk_resource all[] = {
    {"ArchitectureSpecs/Architectures", "albert.json", rk_resource_0, rk_resource_0_end},
    {"ArchitectureSpecs/Architectures", "bart.json", rk_resource_1, rk_resource_1_end},
    {"ArchitectureSpecs/Architectures", "bert.json", rk_resource_2, rk_resource_2_end},
    {"ArchitectureSpecs/Architectures", "bloom.json", rk_resource_3, rk_resource_3_end},
    {"ArchitectureSpecs/Architectures", "clip.json", rk_resource_4, rk_resource_4_end},
    {"ArchitectureSpecs/Architectures", "clip_text.json", rk_resource_5, rk_resource_5_end},
    {"ArchitectureSpecs/Architectures", "clip_vision.json", rk_resource_6, rk_resource_6_end},
    {"ArchitectureSpecs/Architectures", "deberta.json", rk_resource_7, rk_resource_7_end},
    {"ArchitectureSpecs/Architectures", "deberta_v1.json", rk_resource_8, rk_resource_8_end},
    {"ArchitectureSpecs/Architectures", "deit.json", rk_resource_9, rk_resource_9_end},
    {"ArchitectureSpecs/Architectures", "dinov2.json", rk_resource_10, rk_resource_10_end},
    {"ArchitectureSpecs/Architectures", "distilbert.json", rk_resource_11, rk_resource_11_end},
    {"ArchitectureSpecs/Architectures", "electra.json", rk_resource_12, rk_resource_12_end},
    {"ArchitectureSpecs/Architectures", "eurobert.json", rk_resource_13, rk_resource_13_end},
    {"ArchitectureSpecs/Architectures", "falcon.json", rk_resource_14, rk_resource_14_end},
    {"ArchitectureSpecs/Architectures", "fnet.json", rk_resource_15, rk_resource_15_end},
    {"ArchitectureSpecs/Architectures", "gemma.json", rk_resource_16, rk_resource_16_end},
    {"ArchitectureSpecs/Architectures", "gpt2.json", rk_resource_17, rk_resource_17_end},
    {"ArchitectureSpecs/Architectures", "gpt_neox.json", rk_resource_18, rk_resource_18_end},
    {"ArchitectureSpecs/Architectures", "gptj.json", rk_resource_19, rk_resource_19_end},
    {"ArchitectureSpecs/Architectures", "granite.json", rk_resource_20, rk_resource_20_end},
    {"ArchitectureSpecs/Architectures", "gte.json", rk_resource_21, rk_resource_21_end},
    {"ArchitectureSpecs/Architectures", "jina_v3.json", rk_resource_22, rk_resource_22_end},
    {"ArchitectureSpecs/Architectures", "llama.json", rk_resource_23, rk_resource_23_end},
    {"ArchitectureSpecs/Architectures", "mixture_of_experts.json", rk_resource_24, rk_resource_24_end},
    {"ArchitectureSpecs/Architectures", "modernbert.json", rk_resource_25, rk_resource_25_end},
    {"ArchitectureSpecs/Architectures", "mpnet.json", rk_resource_26, rk_resource_26_end},
    {"ArchitectureSpecs/Architectures", "nomic_bert.json", rk_resource_27, rk_resource_27_end},
    {"ArchitectureSpecs/Architectures", "olmo2.json", rk_resource_28, rk_resource_28_end},
    {"ArchitectureSpecs/Architectures", "opt.json", rk_resource_29, rk_resource_29_end},
    {"ArchitectureSpecs/Architectures", "phi3.json", rk_resource_30, rk_resource_30_end},
    {"ArchitectureSpecs/Architectures", "roberta.json", rk_resource_31, rk_resource_31_end},
    {"ArchitectureSpecs/Architectures", "siglip.json", rk_resource_32, rk_resource_32_end},
    {"ArchitectureSpecs/Architectures", "siglip_text.json", rk_resource_33, rk_resource_33_end},
    {"ArchitectureSpecs/Architectures", "siglip_vision.json", rk_resource_34, rk_resource_34_end},
    {"ArchitectureSpecs/Architectures", "smollm3.json", rk_resource_35, rk_resource_35_end},
    {"ArchitectureSpecs/Architectures", "t5.json", rk_resource_36, rk_resource_36_end},
    {"ArchitectureSpecs/Architectures", "vit.json", rk_resource_37, rk_resource_37_end},
    {"ArchitectureSpecs/Architectures", "whisper.json", rk_resource_38, rk_resource_38_end},
    {"ArchitectureSpecs/Keys", "huggingface_keys.json", rk_resource_39, rk_resource_39_end},
    {"ArchitectureSpecs/Keys", "kerashub_keys.json", rk_resource_40, rk_resource_40_end},
    {"KerasModels/LayerSpecs", "bert_encoder.json", rk_resource_41, rk_resource_41_end},
    {"KerasModels/LayerSpecs", "hub_token_and_position_embedding.json", rk_resource_42, rk_resource_42_end},
    {"KerasModels/LayerSpecs", "hub_transformer_decoder.json", rk_resource_43, rk_resource_43_end},
    {"KerasModels/LayerSpecs", "hub_transformer_encoder.json", rk_resource_44, rk_resource_44_end},
    {"KerasModels/LayerSpecs", "pattern_attention.json", rk_resource_45, rk_resource_45_end},
    {"KerasModels/LayerSpecs", "pattern_attention_with_norm.json", rk_resource_46, rk_resource_46_end},
    {"KerasModels/LayerSpecs", "pattern_block.json", rk_resource_47, rk_resource_47_end},
    {"KerasModels/LayerSpecs", "pattern_block_both_activated.json", rk_resource_48, rk_resource_48_end},
    {"KerasModels/LayerSpecs", "pattern_block_of_one_norm.json", rk_resource_49, rk_resource_49_end},
    {"KerasModels/LayerSpecs", "pattern_blocks.json", rk_resource_50, rk_resource_50_end},
    {"KerasModels/LayerSpecs", "pattern_blocks_with_norm.json", rk_resource_51, rk_resource_51_end},
    {"KerasModels/LayerSpecs", "pattern_class_row.json", rk_resource_52, rk_resource_52_end},
    {"KerasModels/LayerSpecs", "pattern_column_vector.json", rk_resource_53, rk_resource_53_end},
    {"KerasModels/LayerSpecs", "pattern_convolved_patches.json", rk_resource_54, rk_resource_54_end},
    {"KerasModels/LayerSpecs", "pattern_convolved_patches_with_positions.json", rk_resource_55, rk_resource_55_end},
    {"KerasModels/LayerSpecs", "pattern_cross_block.json", rk_resource_56, rk_resource_56_end},
    {"KerasModels/LayerSpecs", "pattern_decoder_block.json", rk_resource_57, rk_resource_57_end},
    {"KerasModels/LayerSpecs", "pattern_dense_positions.json", rk_resource_58, rk_resource_58_end},
    {"KerasModels/LayerSpecs", "pattern_embedded_positions.json", rk_resource_59, rk_resource_59_end},
    {"KerasModels/LayerSpecs", "pattern_encoder.json", rk_resource_60, rk_resource_60_end},
    {"KerasModels/LayerSpecs", "pattern_encoder_with_norm.json", rk_resource_61, rk_resource_61_end},
    {"KerasModels/LayerSpecs", "pattern_encoder_with_sines.json", rk_resource_62, rk_resource_62_end},
    {"KerasModels/LayerSpecs", "pattern_encoder_with_sines_with_norm.json", rk_resource_63, rk_resource_63_end},
    {"KerasModels/LayerSpecs", "pattern_feed_forward.json", rk_resource_64, rk_resource_64_end},
    {"KerasModels/LayerSpecs", "pattern_feed_forward_with_norm.json", rk_resource_65, rk_resource_65_end},
    {"KerasModels/LayerSpecs", "pattern_gated_residual.json", rk_resource_66, rk_resource_66_end},
    {"KerasModels/LayerSpecs", "pattern_learned_positions.json", rk_resource_67, rk_resource_67_end},
    {"KerasModels/LayerSpecs", "pattern_own_norm.json", rk_resource_68, rk_resource_68_end},
    {"KerasModels/LayerSpecs", "pattern_patch_encoder.json", rk_resource_69, rk_resource_69_end},
    {"KerasModels/LayerSpecs", "pattern_patch_encoder_with_table.json", rk_resource_70, rk_resource_70_end},
    {"KerasModels/LayerSpecs", "pattern_patch_encoder_with_token.json", rk_resource_71, rk_resource_71_end},
    {"KerasModels/LayerSpecs", "pattern_patches.json", rk_resource_72, rk_resource_72_end},
    {"KerasModels/LayerSpecs", "pattern_projected_patches.json", rk_resource_73, rk_resource_73_end},
    {"KerasModels/LayerSpecs", "pattern_rms_norm.json", rk_resource_74, rk_resource_74_end},
    {"KerasModels/LayerSpecs", "pattern_series_patches.json", rk_resource_75, rk_resource_75_end},
    {"KerasModels/LayerSpecs", "pattern_sine_positions.json", rk_resource_76, rk_resource_76_end},
    {"KerasModels/LayerSpecs", "pattern_time_kernel.json", rk_resource_77, rk_resource_77_end},
    {"KerasModels/LayerSpecs", "pattern_time_waves.json", rk_resource_78, rk_resource_78_end},
    {"KerasModels/LayerSpecs", "pattern_tokens.json", rk_resource_79, rk_resource_79_end},
    {"KerasModels/LayerSpecs", "pattern_tokens_and_positions.json", rk_resource_80, rk_resource_80_end},
    {"KerasModels/LayerSpecs", "pattern_tokens_and_sines.json", rk_resource_81, rk_resource_81_end},
    {"KerasModels/LayerSpecs", "pattern_tokens_and_table.json", rk_resource_82, rk_resource_82_end},
    {"KerasModels/LayerSpecs", "pattern_unchanged.json", rk_resource_83, rk_resource_83_end},
    {"KerasModels/LayerSpecs", "pattern_weighed_rows.json", rk_resource_84, rk_resource_84_end},
    {"KerasModels/LayerSpecs", "pattern_weighed_rows_by_step.json", rk_resource_85, rk_resource_85_end},
    {"KerasModels/LayerSpecs", "pattern_weighed_rows_dense.json", rk_resource_86, rk_resource_86_end},
    {"KerasModels/LayerSpecs", "pattern_weighed_rows_flat.json", rk_resource_87, rk_resource_87_end},
    {"KerasModels/LayerSpecs", "pattern_weighed_rows_two_dense.json", rk_resource_88, rk_resource_88_end},
    {"KerasModels/LayerSpecs", "position_embedding.json", rk_resource_89, rk_resource_89_end},
    {"KerasModels/LayerSpecs", "reuse_transformer.json", rk_resource_90, rk_resource_90_end},
    {"KerasModels/LayerSpecs", "self_attention_mask.json", rk_resource_91, rk_resource_91_end},
    {"KerasModels/LayerSpecs", "transformer_encoder_block.json", rk_resource_92, rk_resource_92_end},
    {"Reporting/Resources", "report.css", rk_resource_93, rk_resource_93_end},
};

const rk_resource *rk_resource_at(size_t number) {
    return number < sizeof all / sizeof *all ? &all[number] : NULL;
}
