//! Devices and streams. There is one device, the CPU, on which all streams give the same results.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::error::{Result, type_error, value_error};

/// The sorts of device. Only `cpu` is available.
///
/// >>> import cotan.core as mx
/// >>> mx.cpu == mx.DeviceType.cpu
/// True
#[allow(non_camel_case_types)]
#[pyclass(name = "DeviceType", module = "cotan.core", frozen)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    cpu,
    gpu,
}

#[pymethods]
impl Kind {
    /// The name of the sort.
    ///
    /// >>> mx.cpu.name
    /// 'cpu'
    #[getter]
    fn name(&self) -> &'static str {
        match self {
            Kind::cpu => "cpu",
            Kind::gpu => "gpu",
        }
    }

    /// The number of the sort.
    ///
    /// >>> mx.cpu.value
    /// 0
    #[getter]
    fn value(&self) -> u8 {
        *self as u8
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        device(other).is_some_and(|other| other == Device::first(*self))
    }

    fn __hash__(&self) -> u64 {
        Device::first(*self).__hash__()
    }

    /// What a pickle calls: `getattr(DeviceType, name)`.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let getattr = py.import("builtins")?.getattr("getattr")?;
        (getattr, (py.get_type::<Kind>(), self.name())).into_pyobject(py)
    }
}

impl Kind {
    /// The one object that stands for it.
    fn object(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        py.get_type::<Kind>().getattr(self.name())
    }
}

/// A device, by its sort and its number among the devices of that sort.
///
/// >>> import cotan.core as mx
/// >>> mx.Device(mx.cpu) == mx.cpu
/// True
#[pyclass(name = "Device", module = "cotan.core", frozen)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    kind: Kind,
    index: i32,
}

#[pymethods]
impl Device {
    #[new]
    #[pyo3(signature = (r#type: "DeviceType", index = 0))]
    fn new(r#type: Bound<'_, PyAny>, index: i32) -> Result<Device> {
        match r#type.cast::<Kind>() {
            Ok(kind) => Ok(Device { kind: *kind.get(), index }),
            Err(_) => Err(type_error(format!("Device: expected a DeviceType such as cpu, got {}", r#type.repr()?))),
        }
    }

    /// The sort of device.
    ///
    /// >>> mx.default_device().type == mx.cpu
    /// True
    #[getter]
    #[cfg_attr(false, python("def type(self) -> DeviceType"))]
    fn r#type<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.kind.object(py)
    }

    fn __repr__(&self) -> String {
        format!("Device({}, {})", self.kind.name(), self.index)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        device(other).is_some_and(|other| other == *self)
    }

    fn __hash__(&self) -> u64 {
        ((self.kind as u64) << 32) | u64::from(self.index.cast_unsigned())
    }
}

impl Device {
    fn first(kind: Kind) -> Device {
        Device { kind, index: 0 }
    }

    fn is_present(self) -> bool {
        self == Device::first(Kind::cpu)
    }

    fn expect_present(self) -> Result<()> {
        if self.is_present() {
            return Ok(());
        }
        Err(value_error(format!("{} is not available; the only device is {}", self.__repr__(), CPU.__repr__())))
    }
}

/// The one device.
pub const CPU: Device = Device { kind: Kind::cpu, index: 0 };

/// The device that an object names.
fn device(object: &Bound<'_, PyAny>) -> Option<Device> {
    match object.cast::<Device>() {
        Ok(device) => Some(*device.get()),
        Err(_) => object.cast::<Kind>().ok().map(|kind| Device::first(*kind.get())),
    }
}

/// An argument that names a device, whether there is one or not.
#[cfg_attr(false, python("_Device"))]
pub struct DeviceArg(Device);

impl<'a, 'py> FromPyObject<'a, 'py> for DeviceArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        device(&object).map(DeviceArg).ok_or_else(|| {
            let message = format!("expected a Device or a DeviceType, got an object of type {}", object.get_type());
            type_error(message).into()
        })
    }
}

impl DeviceArg {
    /// ValueError when there is no such device.
    pub fn expect_present(&self) -> Result<()> {
        self.0.expect_present()
    }
}

/// A sequence of operations on a device. Operations of different streams may overlap.
///
/// >>> import cotan.core as mx
/// >>> mx.new_stream(mx.cpu) == mx.new_stream(mx.cpu)
/// False
#[pyclass(name = "Stream", module = "cotan.core", frozen, eq, hash)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stream {
    index: usize,
}

#[pymethods]
impl Stream {
    /// The device that it belongs to.
    ///
    /// >>> mx.new_stream(mx.cpu).device
    /// Device(cpu, 0)
    #[getter]
    fn device(&self) -> Device {
        CPU
    }

    fn __repr__(&self) -> String {
        format!("Stream({}, {})", CPU.__repr__(), self.index)
    }
}

/// A handle that stands for a stream of its own in every thread.
///
/// >>> import cotan.core as mx
/// >>> handle = mx.new_thread_local_stream(mx.cpu)
/// >>> mx.add(1, 2, stream=handle)
/// array(3, dtype=int32)
#[pyclass(name = "ThreadLocalStream", module = "cotan.core", frozen, eq, hash)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ThreadLocalStream {
    index: usize,
}

#[pymethods]
impl ThreadLocalStream {
    /// The device that it belongs to.
    ///
    /// >>> mx.new_thread_local_stream(mx.cpu).device
    /// Device(cpu, 0)
    #[getter]
    fn device(&self) -> Device {
        CPU
    }

    fn __repr__(&self) -> String {
        format!("ThreadLocalStream({}, {})", CPU.__repr__(), self.index)
    }
}

/// Numbers of streams and handles not given out yet.
static STREAMS: AtomicUsize = AtomicUsize::new(0);
static HANDLES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static DEFAULT: Cell<Option<Stream>> = const { Cell::new(None) };
    /// The stream that stands behind each thread-local handle.
    static BEHIND: RefCell<HashMap<usize, Stream>> = RefCell::new(HashMap::new());
}

impl Stream {
    fn fresh() -> Stream {
        Stream { index: STREAMS.fetch_add(1, Ordering::Relaxed) }
    }

    /// This thread's default stream.
    fn current() -> Stream {
        DEFAULT.get().unwrap_or_else(|| {
            let stream = Stream::fresh();
            DEFAULT.set(Some(stream));
            stream
        })
    }
}

/// An argument that says where to run: a stream, or a device for its default stream.
#[cfg_attr(false, python("_Stream"))]
pub enum StreamArg {
    Stream(Stream),
    ThreadLocal(ThreadLocalStream),
    Device,
}

impl<'a, 'py> FromPyObject<'a, 'py> for StreamArg {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(stream) = object.cast::<Stream>() {
            return Ok(StreamArg::Stream(*stream.get()));
        }
        if let Ok(stream) = object.cast::<ThreadLocalStream>() {
            return Ok(StreamArg::ThreadLocal(*stream.get()));
        }
        let Some(device) = device(&object) else {
            let name = object.get_type().name()?;
            return Err(type_error(format!("expected a Stream, a Device or a DeviceType, got {name}")).into());
        };
        device.expect_present()?;
        Ok(StreamArg::Device)
    }
}

impl StreamArg {
    /// The stream meant on this thread.
    fn resolve(self) -> Stream {
        match self {
            StreamArg::Stream(stream) => stream,
            StreamArg::ThreadLocal(handle) => {
                BEHIND.with_borrow_mut(|behind| *behind.entry(handle.index).or_insert_with(Stream::fresh))
            }
            StreamArg::Device => Stream::current(),
        }
    }
}

/// A `with` block in which a stream is the default one.
///
/// >>> import cotan.core as mx
/// >>> with mx.StreamContext(mx.cpu):
/// ...     x = mx.ones((2,)) + 1
#[pyclass(name = "StreamContext", module = "cotan.core")]
struct StreamContext {
    inside: Stream,
    /// What was the default outside of each block that is open.
    outside: Vec<Stream>,
}

#[pymethods]
impl StreamContext {
    #[new]
    fn new(s: StreamArg) -> StreamContext {
        StreamContext { inside: s.resolve(), outside: Vec::new() }
    }

    fn __enter__(&mut self) {
        self.outside.push(Stream::current());
        DEFAULT.set(Some(self.inside));
    }

    /// Makes the former stream the default again, whatever ended the block.
    #[allow(unused_variables)]
    #[pyo3(signature = (exc_type = None, exc_value = None, traceback = None, /))]
    fn __exit__(
        &mut self,
        exc_type: Option<&Bound<'_, PyAny>>,
        exc_value: Option<&Bound<'_, PyAny>>,
        traceback: Option<&Bound<'_, PyAny>>,
    ) {
        if let Some(outside) = self.outside.pop() {
            DEFAULT.set(Some(outside));
        }
    }
}

/// A `with` block in which `s`, or the default stream of a device, is the default stream.
///
/// >>> import cotan.core as mx
/// >>> with mx.stream(mx.new_stream(mx.cpu)):
/// ...     x = mx.ones((2,)) + 1
#[pyfunction]
fn stream(s: StreamArg) -> StreamContext {
    StreamContext::new(s)
}

/// The device that operations use when nothing else is said.
///
/// >>> import cotan.core as mx
/// >>> mx.default_device()
/// Device(cpu, 0)
#[pyfunction]
fn default_device() -> Device {
    CPU
}

/// Makes `device` the default. ValueError when it is not available.
///
/// >>> import cotan.core as mx
/// >>> mx.set_default_device(mx.cpu)
#[pyfunction]
fn set_default_device(device: DeviceArg) -> Result<()> {
    device.expect_present()
}

/// This thread's default stream on `device`. ValueError when the device is not available.
///
/// >>> import cotan.core as mx
/// >>> mx.default_stream(mx.cpu) == mx.default_stream(mx.cpu)
/// True
#[pyfunction]
fn default_stream(device: DeviceArg) -> Result<Stream> {
    device.expect_present()?;
    Ok(Stream::current())
}

/// Makes `stream` this thread's default on its device.
///
/// >>> import cotan.core as mx
/// >>> mx.set_default_stream(mx.new_stream(mx.cpu))
#[pyfunction]
fn set_default_stream(stream: &Stream) {
    DEFAULT.set(Some(*stream));
}

/// A new stream on `device`. ValueError when the device is not available.
///
/// >>> import cotan.core as mx
/// >>> s = mx.new_stream(mx.cpu)
/// >>> mx.add(1, 2, stream=s)
/// array(3, dtype=int32)
#[pyfunction]
fn new_stream(device: DeviceArg) -> Result<Stream> {
    device.expect_present()?;
    Ok(Stream::fresh())
}

/// A new stream on `device` for use by any thread. ValueError when the device is not available.
///
/// >>> import cotan.core as mx
/// >>> s = mx.new_thread_unsafe_stream(mx.cpu)
/// >>> mx.add(1, 2, stream=s)
/// array(3, dtype=int32)
#[pyfunction(name = "new_thread_unsafe_stream")]
fn new_shared_stream(device: DeviceArg) -> Result<Stream> {
    new_stream(device)
}

/// A handle that stands for a new stream on `device` in every thread. ValueError when the device is not available.
///
/// >>> import cotan.core as mx
/// >>> s = mx.new_thread_local_stream(mx.cpu)
/// >>> mx.add(1, 2, stream=s)
/// array(3, dtype=int32)
#[pyfunction]
fn new_thread_local_stream(device: DeviceArg) -> Result<ThreadLocalStream> {
    device.expect_present()?;
    Ok(ThreadLocalStream { index: HANDLES.fetch_add(1, Ordering::Relaxed) })
}

/// Forgets this thread's streams: the default and those behind thread-local handles are new ones from now on.
///
/// >>> import cotan.core as mx
/// >>> before = mx.default_stream(mx.cpu)
/// >>> mx.clear_streams()
/// >>> mx.default_stream(mx.cpu) == before
/// False
#[pyfunction]
fn clear_streams() {
    DEFAULT.set(None);
    BEHIND.with_borrow_mut(HashMap::clear);
}

/// Waits for the work of a stream. Evaluation returns when its work is done, so there is never any left.
///
/// >>> import cotan.core as mx
/// >>> mx.synchronize()
#[allow(unused_variables)]
#[pyfunction]
#[pyo3(signature = (stream = None))]
fn synchronize(stream: Option<StreamArg>) {}

/// How many devices of a sort there are.
///
/// >>> import cotan.core as mx
/// >>> mx.device_count(mx.cpu), mx.device_count(mx.gpu)
/// (1, 0)
#[pyfunction]
#[pyo3(signature = (device_type: "DeviceType"))]
fn device_count(device_type: &Bound<'_, PyAny>) -> Result<usize> {
    match device_type.cast::<Kind>() {
        Ok(kind) => Ok(usize::from(Device::first(*kind.get()).is_present())),
        Err(_) => Err(type_error(format!("device_count: expected a DeviceType, got {}", device_type.repr()?))),
    }
}

/// True when `device` can be used.
///
/// >>> import cotan.core as mx
/// >>> mx.is_available(mx.cpu), mx.is_available(mx.gpu)
/// (True, False)
#[pyfunction]
fn is_available(device: DeviceArg) -> bool {
    device.0.is_present()
}

/// What is known about a device (the default one if none is given): `architecture` and `device_name`.
///
/// A device that is not available has no entries.
///
/// >>> import cotan.core as mx
/// >>> sorted(mx.device_info())
/// ['architecture', 'device_name']
#[pyfunction]
#[pyo3(signature = (d = None) -> "dict[str, str]")]
fn device_info(py: Python<'_>, d: Option<DeviceArg>) -> PyResult<Bound<'_, PyDict>> {
    let info = PyDict::new(py);
    if d.is_none_or(|d| d.0.is_present()) {
        info.set_item("architecture", std::env::consts::ARCH)?;
        info.set_item("device_name", processor_name())?;
    }
    Ok(info)
}

/// What the system calls the processor, or its architecture where the system doesn't say.
fn processor_name() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = cpus.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == "model name");
    named.map_or_else(|| std::env::consts::ARCH.into(), |(_, name)| name.trim().into())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // The thread that imports the module gets stream 0.
    Stream::current();
    module.add_class::<Kind>()?;
    module.add_class::<Device>()?;
    module.add_class::<Stream>()?;
    module.add_class::<ThreadLocalStream>()?;
    module.add_class::<StreamContext>()?;
    #[cfg_attr(false, python("cpu, gpu: DeviceType"))]
    for kind in [Kind::cpu, Kind::gpu] {
        module.add(kind.name(), kind.object(module.py())?)?;
    }
    crate::functions::add_functions!(module;
        stream, default_device, set_default_device, default_stream, set_default_stream, new_stream,
        new_shared_stream, new_thread_local_stream, clear_streams, synchronize, device_count, is_available,
        device_info,
    );
    Ok(())
}
