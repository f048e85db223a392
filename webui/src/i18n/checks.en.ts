import { CHECK_WORDS } from '../../../appliance/contract/checkWords.js';
import type { ChecksMessages } from './checks.zh-CN.js';

/** The same that the command line says. */
export const checksEn: ChecksMessages = { checks: CHECK_WORDS };
