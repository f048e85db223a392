/** What docs/head-office.md tells people to type, so that it can be tried. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../models/manifest.js';

export const GUIDE = readFileSync(join(packageRoot(), 'docs/head-office.md'), 'utf8');

/** @param name of a block of code, which stands before it: `<!-- example: NAME -->` @throws Error when there is none */
export function exampleOf(name: string): string {
  const found = new RegExp(`<!-- example: ${name} -->\\n *\`\`\`\\w*\\n([\\s\\S]*?)\`\`\``).exec(GUIDE)?.[1];
  if (found === undefined) throw new Error(`docs/head-office.md has no example ${name}`);
  return found;
}
