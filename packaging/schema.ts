/** `npm run build:schema`: the forms of a release as JSON Schema, for head office's own checks: docs/schema/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RELEASE_SCHEMA_VERSION, ReleaseDocument, ReleaseManifest } from '../appliance/contract/index.js';
import { packageRoot } from '../models/manifest.js';

/** By the name of the file. A new version of the schema gets files of its own, and the old ones stay. */
export const RELEASE_SCHEMAS = {
  [`portico-release-${RELEASE_SCHEMA_VERSION}.schema.json`]: ReleaseDocument,
  [`portico-release-manifest-${RELEASE_SCHEMA_VERSION}.schema.json`]: ReleaseManifest,
};

export const schemaText = (schema: object): string => `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema }, null, 2)}\n`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(packageRoot(), 'docs/schema');
  mkdirSync(folder, { recursive: true });
  for (const [name, schema] of Object.entries(RELEASE_SCHEMAS)) writeFileSync(join(folder, name), schemaText(schema));
}
