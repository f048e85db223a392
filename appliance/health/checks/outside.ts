/** How the box is found and trusted, and what became of what came from outside: certificate, name, stick, update. */
import type { BoxCheck, RootRun } from '../../contract/index.js';
import { toInstant } from '../../kit/index.js';
import { finding, inDays } from './check.js';

/** The box renews by itself with 30 days left (http/certificates.ts): with fewer than 20 that did not work for ten nights. */
const ENDING_DAYS = 20;
/** Whatever updates follow: time enough for whoever is away to see that customers are to be asked again. */
const DELETIONS_UNREAD_DAYS = 30;

/** @param missing names and addresses wanted that the certificate does not have, because the root may not sign them */
export interface CertificateFacts { endsAtMs: number; missing: readonly string[] }

export function checkCertificate({ endsAtMs, missing }: CertificateFacts, nowMs: number): BoxCheck {
  const values = { endsAt: toInstant(endsAtMs), days: inDays(endsAtMs - nowMs) };
  if (endsAtMs <= nowMs) return finding('certificate', 'failed', 'ended', values);
  if (values.days < ENDING_DAYS) return finding('certificate', 'warning', 'ending', values);
  if (missing.length > 0) return finding('certificate', 'warning', 'names_missing', { ...values, names: missing.join(' ') });
  return finding('certificate', 'ok', 'fine', values);
}

/** The name told to the LAN (mDNS). `off`: not asked for. */
export interface NameFacts { state: 'off' | 'published' | 'conflict' | 'failed'; name: string }

export function checkName({ state, name }: NameFacts): BoxCheck {
  switch (state) {
    case 'off': return finding('name', 'off', 'off');
    case 'published': return finding('name', 'ok', 'published', { name });
    case 'conflict': return finding('name', 'warning', 'conflict', { name });
    case 'failed': return finding('name', 'warning', 'failed', { name });
  }
}

/** @param run null: there was none; `unreadable`: the file is there and is none */
export function checkRootRun(id: 'stick' | 'update', run: RootRun | null | 'unreadable', nowMs: number): BoxCheck {
  if (run === null) return finding(id, 'off', 'none');
  if (run === 'unreadable') return finding(id, 'warning', 'unreadable');
  const values = { at: run.at, what: run.what ?? null, errorCode: run.errorCode ?? null };
  const since = id === 'update' ? run.deletionsUnreadAt ?? null : null;
  if (since !== null && inDays(nowMs - Date.parse(since)) < DELETIONS_UNREAD_DAYS) return finding('update', 'failed', 'deletions_unread', { ...values, since });
  switch (run.outcome) {
    // A stick may bring no settings but a request alone, which has no number.
    case 'applied': return id === 'stick' && values.what === null ? finding(id, 'ok', 'done', values) : finding(id, 'ok', 'applied', values);
    // Nobody writes a stick's file again when its update is done.
    case 'waiting': return finding(id, 'ok', id === 'stick' ? 'brought' : 'waiting', values);
    case 'under_way': return id === 'stick' ? finding(id, 'warning', 'unreadable') : finding(id, 'ok', 'under_way', values);
    case 'refused': return finding(id, 'warning', 'refused', values);
    case 'rolled_back': return finding(id, 'warning', 'rolled_back', values);
  }
}
