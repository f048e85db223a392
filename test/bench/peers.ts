/**
 * Two npm packages that do the same work, on their WebAssembly backends, in this process: from JPEG bytes to one face and
 * its descriptor. Both stand on the same copy of tfjs-core; nothing comes from the network.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';

const require = createRequire(import.meta.url);

/** What is used of tfjs-core and its WebAssembly backend; the packages' own types do not fit the builds taken here. */
interface Tensor { dispose(): void }
interface TensorFlow {
  io: { registerLoadRouter(router: (url: unknown) => { load(): Promise<object> } | null): void };
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  getBackend(): string;
  tensor3d(pixels: Uint8Array, shape: number[], type: 'int32'): Tensor;
  tensor4d(pixels: Uint8Array, shape: number[], type: 'int32'): Tensor;
}
interface Net { loadFromDisk(folder: string): Promise<void> }
interface FaceApi {
  nets: { ssdMobilenetv1: Net; faceLandmark68Net: Net; faceRecognitionNet: Net };
  SsdMobilenetv1Options: new () => object;
  detectAllFaces(pixels: Tensor, options: object): {
    withFaceLandmarks(): { withFaceDescriptors(): Promise<{ descriptor: Float32Array }[]> };
  };
}
interface HumanModule {
  Human: new (config: object) => {
    load(): Promise<void>;
    detect(pixels: Tensor): Promise<{ error: string | null; face: { embedding?: number[]; mesh: unknown[] }[] }>;
  };
}

export interface Peers {
  /** SSD detector, 68 landmarks, descriptor. @returns milliseconds from JPEG bytes to the descriptor */
  faceApiMs(jpeg: Uint8Array): Promise<number>;
  /** Detector, mesh, description. @returns milliseconds from JPEG bytes to the descriptor */
  humanMs(jpeg: Uint8Array): Promise<number>;
}

/** Loads both. @throws Error when a package or one of its models is missing */
export async function loadPeers(): Promise<Peers> {
  const tf = require('@tensorflow/tfjs-core') as TensorFlow;
  const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths(folder: string): void };
  const faceApiFolder = dirname(require.resolve('@vladmandic/face-api/package.json'));
  const humanFolder = join(dirname(require.resolve('@vladmandic/human')), '..');
  const wasmFolder = `${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`;
  // The packages' export maps do not name these builds, so they are taken by path.
  const faceApi = require(join(faceApiFolder, 'dist/face-api.node-wasm.js')) as FaceApi;
  const { Human } = require(join(humanFolder, 'dist/human.node-wasm.js')) as HumanModule;

  wasm.setWasmPaths(wasmFolder);
  tf.io.registerLoadRouter((url) => (typeof url === 'string' && url.startsWith('file://') ? { load: () => loadGraph(fileURLToPath(url)) } : null));
  await tf.setBackend('wasm');
  await tf.ready();

  const { ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet } = faceApi.nets;
  for (const net of [ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet]) await net.loadFromDisk(join(faceApiFolder, 'model'));
  const ssd = new faceApi.SsdMobilenetv1Options();

  const off = { enabled: false };
  const human = new Human({
    backend: 'wasm', wasmPath: wasmFolder, modelBasePath: pathToFileURL(join(humanFolder, 'models/')).href, debug: false, async: false,
    cacheSensitivity: 0, // else an unchanged frame is answered from the last one
    filter: off, gesture: off, body: off, hand: off, object: off, segmentation: off,
    face: { enabled: true, mesh: { enabled: true }, description: { enabled: true }, iris: off, attention: off, emotion: off, antispoof: off, liveness: off },
  });
  await human.load();
  if (tf.getBackend() !== 'wasm') throw new Error(`the peers run on ${tf.getBackend()}, not on wasm`);

  return {
    async faceApiMs(jpeg) {
      const started = performance.now();
      const { data, width, height } = await decode(jpeg);
      const pixels = tf.tensor3d(data, [height, width, 3], 'int32');
      const faces = await faceApi.detectAllFaces(pixels, ssd).withFaceLandmarks().withFaceDescriptors();
      const tookMs = performance.now() - started;
      pixels.dispose();
      if (faces.length !== 1 || faces[0]!.descriptor.length !== 128) throw new Error(`face-api found ${faces.length} faces, not one`);
      return tookMs;
    },
    async humanMs(jpeg) {
      const started = performance.now();
      const { data, width, height } = await decode(jpeg);
      const pixels = tf.tensor4d(data, [1, height, width, 3], 'int32');
      const { error, face } = await human.detect(pixels);
      const tookMs = performance.now() - started;
      pixels.dispose();
      if (error !== null) throw new Error(`human failed: ${error}`);
      if (face.length !== 1 || face[0]!.embedding?.length !== 1024 || face[0]!.mesh.length < 468) throw new Error(`human found ${face.length} faces, not one`);
      return tookMs;
    },
  };
}

/** Our own time includes decoding, so theirs does too, by the same library. */
async function decode(jpeg: Uint8Array): Promise<{ data: Buffer; width: number; height: number }> {
  const { data, info } = await sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** A tfjs graph model from the disk; the WebAssembly build alone has no handler for files. */
async function loadGraph(file: string): Promise<object> {
  const { weightsManifest, ...graph } = JSON.parse(readFileSync(file, 'utf8')) as {
    weightsManifest: { paths: string[]; weights: object[] }[];
  };
  const bytes = Buffer.concat(weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(dirname(file), path)))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return { ...graph, weightSpecs: weightsManifest.flatMap(({ weights }) => weights), weightData };
}
