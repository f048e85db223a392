/** IT's side of the stick, for any laptop with Node: nothing here may load a native module. */
export { inWords, type Problem } from '../problems.js';
export { SECRET_NAMES, Settings, type SecretName } from '../settings.js';
export { organisationOf } from '../signing.js';
export { type Answers, SCHEMA_FILE } from './compose.js';
export { isInside } from './files.js';
export { inspectSignatures, inspectStick, whatTheBoxDoes, type Inspection } from './inspect.js';
export { newKeyFile, openKeyFile, PASSPHRASE_LENGTH_MIN, readKeyText } from './keys.js';
export { hashOwnerCode, makeOwnerCode } from './ownerCode.js';
export { BOX_CARD_FILE, readBoxCard, SECRET_BYTES_MAX, type BoxCard } from './secret.js';
export { newStick, putRequest, putSecret, schemaFile, signStick, type NewRequest, type Outcome } from './stick.js';
export { LONGEST_MS } from '../requests.js';
