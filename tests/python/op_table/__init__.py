"""The one table of ops: how to call each, on what operands and dtypes, and what NumPy says it should give."""

from op_table.convolution import CONVOLUTIONS
from op_table.elementwise import BINARY, CASTS, TERNARY, UNARY, VIEWS
from op_table.fast import FAST
from op_table.fft import TRANSFORMS
from op_table.indexing import INDEXING
from op_table.linalg import LINALG
from op_table.products import MORE_PRODUCTS
from op_table.quantization import QUANTIZATION
from op_table.reductions import REDUCTIONS, SCANS, SOFT, SORTS
from op_table.shapes import CREATION, PRODUCTS, SHAPES

ELEMENTWISE = [*UNARY, *BINARY, *TERNARY, *CASTS, *VIEWS]
ALONG_AXES = [*REDUCTIONS, *SOFT, *SCANS, *SORTS]
TABLE = [
    *ELEMENTWISE,
    *ALONG_AXES,
    *PRODUCTS,
    *MORE_PRODUCTS,
    *QUANTIZATION,
    *FAST,
    *CONVOLUTIONS,
    *LINALG,
    *TRANSFORMS,
    *SHAPES,
    *INDEXING,
    *CREATION,
]

# Public callables of the module that are not ops over arrays, by why they need no row.
EXEMPT = {
    "evaluation": "eval async_eval synchronize clear_streams",
    "transforms": "grad value_and_grad vjp jvp vmap compile checkpoint disable_compile enable_compile "
    "scan while_loop fori_loop cond switch jacfwd jacrev hessian hvp linearize check_grads "
    "psum pmean pmax pmin axis_index",
    "types": "result_type can_cast issubdtype isdtype broadcast_shapes",
    "files": "load save savez savez_compressed save_safetensors save_gguf",
    "exchange": "from_dlpack",
    "export": "export_function exporter import_function export_to_dot",
    "printing": "get_printoptions set_printoptions printoptions",
    "devices": "default_device set_default_device default_stream set_default_stream new_stream stream device_count "
    "device_info is_available new_thread_local_stream new_thread_unsafe_stream",
    "memory": "clear_cache get_active_memory get_array_buffer_size get_cache_memory get_memory_limit get_peak_memory "
    "reset_peak_memory set_cache_limit set_memory_limit set_wired_limit",
    "plans": "einsum_path",
    "debugging": "debug_nans draw draw_graph profile",
    "random numbers, tested in test_random.py": "random.*",
    "platforms that are not there": "metal.* cuda.* distributed.* fast.metal_kernel fast.cuda_kernel "
    "fast.precompiled_cuda_kernel",
    "shape depends on values, tested with indexing": "nonzero",
}
