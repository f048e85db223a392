/**
 * ONNX Runtime from 1.29 on tells Microsoft of each process and each model (github.com/microsoft/onnxruntime/pull/27379): its official builds for Linux and macOS send by
 * themselves, and leave a device's number and a queue in ~/.cache. From a box nothing goes out. The runtime looks at this once, when it is first used, and a worker
 * thread cannot set it for the process, so it is set wherever the room is entered, before the runtime can be there; `0` that somebody set is overridden.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
