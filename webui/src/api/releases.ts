/** The requests of the page of head office's nightly release. */
import type { ExportComparison, ExportDay, ExportDetail, ExportState } from '../contract.js';
import { call, callFile } from './client.js';

const day = encodeURIComponent;

export const releases = {
  /** How it is, with the newest days; `before`: those before this day instead. */
  state: (before?: string) => call<ExportState>('GET', `/export${before === undefined ? '' : `?before=${day(before)}`}`),
  detail: (of: string) => call<ExportDetail>('GET', `/export/days/${day(of)}`),
  /** The very bytes that are sent. */
  file: (of: string, onProgress?: (bytes: number) => void) => callFile(`/export/days/${day(of)}/file`, {}, onProgress),
  sendAgain: (of: string) => call<ExportDay>('POST', `/export/days/${day(of)}/send`),
  /** This box stands in for the one that it was made from: releases go on. */
  resume: () => call<ExportState>('POST', '/export/resume'),
  /** True figures; the box writes the look down and asks for the PIN again. */
  compare: (of: string) => call<ExportComparison>('POST', `/export/days/${day(of)}/comparison`),
} as const;
