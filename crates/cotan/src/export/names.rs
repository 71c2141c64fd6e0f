//! The names that MLX gives to operations.

use cotan_kernels::reduce::ReduceOp;

use crate::ops::{Op, Primitive};

/// The name of an operation as MLX's tools know it.
pub(super) fn name(op: &Op) -> String {
    let known = match op {
        Op::Cast(_) => "AsType",
        Op::Select(_) => "Select",
        Op::Alias(_) => "Copy",
        Op::Broadcast(_) => "Broadcast",
        Op::Gather(_) => "Gather",
        Op::GatherAxis(_) => "GatherAxis",
        Op::Scatter(_) => "Scatter",
        Op::ScatterAxis(_) => "ScatterAxis",
        Op::ArgReduce(_) => "ArgReduce",
        Op::ArgSort(_) => "ArgSort",
        Op::LogSumExp(_) => "LogSumExp",
        Op::Scan(_) => "Scan",
        Op::SearchSorted(_) => "SearchSorted",
        Op::Count(_) => "NumberOfElements",
        Op::QuantizedGather(_) => "GatherQMM",
        Op::Reduce(reduce) => match reduce.op {
            ReduceOp::Sum => "Sum",
            ReduceOp::Prod => "Prod",
            ReduceOp::Max => "Max",
            ReduceOp::Min => "Min",
            ReduceOp::All => "And",
            ReduceOp::Any => "Or",
        },
        other => return title(other.name()),
    };
    known.into()
}

fn title(name: &str) -> String {
    let known = match name {
        "arccos" => "ArcCos",
        "arccosh" => "ArcCosh",
        "arcsin" => "ArcSin",
        "arcsinh" => "ArcSinh",
        "arctan" => "ArcTan",
        "arctan2" => "ArcTan2",
        "arctanh" => "ArcTanh",
        "erfinv" => "ErfInv",
        "logaddexp" => "LogAddExp",
        "conj" => "Conjugate",
        "log2" | "log10" => "Log",
        "rsqrt" => "Sqrt",
        "scaled_dot_product_attention_vjp" => "ScaledDotProductAttentionVJP",
        "rope" => "RoPE",
        "rms_norm" => "RMSNorm",
        "rms_norm_vjp" => "RMSNormVJP",
        "layer_norm_vjp" => "LayerNormVJP",
        "bitwise_and" | "bitwise_or" | "bitwise_xor" | "left_shift" | "right_shift" => "BitwiseBinary",
        other => {
            let capital = |word: &str| {
                let mut letters = word.chars();
                letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
            };
            return other.split(['_', ' ']).map(capital).collect();
        }
    };
    known.into()
}
