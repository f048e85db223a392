/** The stick: what portico.yaml says, whether it fits, who signed it, and reading it off a volume that nobody trusts. IT's side: laptop/. */
export { checkFile, SETTINGS_FILE, STICK_FILES, SUPPORT_FILE, WIPE_FILE, type Said, type StickFileName } from './check.js';
export { openModelPack, PACKS_FOLDER, type ModelPack, type PackFile } from './modelPack.js';
export { inOrder, inWords, PROBLEM_CODES, PROBLEMS_MAX, type Problem, type ProblemCode } from './problems.js';
export { LONGEST_MS, Support, whyNotNow, Wipe } from './requests.js';
export { BACKUP_DISK, BUILTIN_PACK, Settings, STICK_VERSION, toEnvironment, type SecretName } from './settings.js';
export {
  isEncrypted, makeSigningKey, readSigningKey, signFile, SIGNATURE_BYTES_MAX, verifyFile, writeSigningKey, type OrganisationKey, type Signature, type SigningKey,
} from './signing.js';
export { readStick, type StickContents, type StickFile } from './stickFiles.js';
