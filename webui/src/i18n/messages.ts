/** All words of the page. */
import { consentEn } from './consent.en.js';
import { consentZh } from './consent.zh-CN.js';
import { dossierEn } from './dossier.en.js';
import { dossierZh } from './dossier.zh-CN.js';
import { en } from './en.js';
import { privacyEn } from './privacy.en.js';
import { privacyZh } from './privacy.zh-CN.js';
import { receiptWords } from './receipt.js';
import { zhCN } from './zh-CN.js';

export const messages = {
  'zh-CN': { ...zhCN, ...consentZh, ...privacyZh, ...dossierZh, receipt: receiptWords['zh-CN'] },
  en: { ...en, ...consentEn, ...privacyEn, ...dossierEn, receipt: receiptWords.en },
};
