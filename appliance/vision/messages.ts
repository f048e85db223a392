/** What crosses between the main thread and a vision worker. */
import type { ModelManifest } from '../../models/manifest.js';
import type { ModelBytes } from '../../models/verify.js';
import type { ErrorBody } from '../contract/index.js';
import type { AnyErrorCode } from '../kit/index.js';
import type { AnalyseOptions, RawAnalysis } from './pipeline.js';

export interface WorkerSetup {
  manifest: ModelManifest;
  /** Over shared memory: verified once by the main thread, and not copied for each worker or each restart. */
  models: ModelBytes;
}

/** By role, what each model answered to the pattern of its self-test. */
export type ModelNumbers = Record<string, number[]>;

/** An error as it crosses: a class does not survive the journey. */
export interface WorkerFailure {
  code: AnyErrorCode;
  details?: ErrorBody['details'];
  /** Where a broken invariant happened; for the log only. */
  stack?: string;
}

export type ToWorker = { type: 'analyse'; job: number; image: Uint8Array; options: AnalyseOptions } | { type: 'test'; job: number } | { type: 'stop' };

export type FromWorker =
  | { type: 'ready' }
  | { type: 'failed_to_start'; error: WorkerFailure }
  | { type: 'done'; job: number; analysis: RawAnalysis }
  | { type: 'tested'; job: number; numbers: ModelNumbers }
  | { type: 'refused'; job: number; error: WorkerFailure };
