/** Address of the live socket; resumes only when both the epoch and the revision are known. */
export function liveUrl(origin: string, version: number, resume: { epoch: string; since: number } | null): string {
  const url = new URL('/api/v1/live', origin);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.searchParams.set('v', String(version));
  if (resume) {
    url.searchParams.set('epoch', resume.epoch);
    url.searchParams.set('since', String(resume.since));
  }
  return url.href;
}
