/** `portico receipt verify` and `portico pack verify`: what the box signed, checked without the box. */
import { readFile } from 'node:fs/promises';
import { findStatement, readKeys, verifyPack, verifyStatement } from '../appliance/papers/index.js';
import { UsageError, type Json, type Output } from './output.js';

/**
 * @param file a receipt's PDF, its signed text or link in a file, the text itself, or `-` for standard input
 * @throws PorticoError receipt_invalid, UsageError
 */
export async function checkReceipt(file: string, keyFile: string, output: Pick<Output, 'line' | 'result'>): Promise<void> {
  const bytes = file.startsWith('eyJ') ? Buffer.from(file) : file === '-' ? await readStandardInput() : await read(file);
  const keys = readKeys((await read(keyFile)).toString('utf8'));
  const { type, kid, claims } = await verifyStatement(findStatement(bytes), keys);
  output.result({ valid: true, key: kid, kind: type, claims: claims as { [key: string]: Json } });
  output.line(`valid      signed by the key ${kid}`);
  output.line(`kind       ${type}`);
  for (const [name, value] of Object.entries(claims)) {
    output.line(`${name.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  }
  output.line('This is what was signed. Words on the paper that say something else were not.');
}

/** @param keyFile null: only the key inside the pack is at hand, so it says nothing about who made the pack */
export async function checkPack(file: string, keyFile: string | null, output: Pick<Output, 'line' | 'result'>): Promise<void> {
  const keys = keyFile === null ? null : readKeys((await read(keyFile)).toString('utf8'));
  const { manifest, files, consents } = await verifyPack(await read(file), keys);
  output.result({ valid: true, files, store: manifest.storeName, madeAt: manifest.madeAt, auditLog: { entries: manifest.accesses.entries, number: manifest.accesses.end.seq, hash: manifest.accesses.end.hash }, consents: { checked: consents.checked, byGuardian: consents.byGuardian }, key: manifest.kid, keyKnown: keys !== null });
  output.line(`valid      ${files} files of ${manifest.storeName}, made ${manifest.madeAt}`);
  output.line(`audit log  ${manifest.accesses.entries} entries, whole, up to ${manifest.accesses.end.seq} ${manifest.accesses.end.hash}`);
  output.line(`consents   ${consents.checked} as they were sealed${consents.byGuardian === 0 ? '' : `; ${consents.byGuardian} of them by a guardian, held against the audit log alone`}`);
  output.line(`key        ${manifest.kid}`);
  if (keys === null) output.line('note       compare this key with the one printed on the customers\' copies and receipts, or give --key: whoever altered a pack could sign it anew');
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? ''})`);
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
