/** All words of the page. */
import { boxEn } from './box.en.js';
import { boxZh } from './box.zh-CN.js';
import { checksEn } from './checks.en.js';
import { checksZh } from './checks.zh-CN.js';
import { consentEn } from './consent.en.js';
import { consentZh } from './consent.zh-CN.js';
import { findingEn } from './finding.en.js';
import { findingZh } from './finding.zh-CN.js';
import { dealingsEn } from './dealings.en.js';
import { dealingsZh } from './dealings.zh-CN.js';
import { dossierEn } from './dossier.en.js';
import { dossierZh } from './dossier.zh-CN.js';
import { en } from './en.js';
import { greetingEn } from './greeting.en.js';
import { greetingZh } from './greeting.zh-CN.js';
import { outboxEn } from './outbox.en.js';
import { outboxZh } from './outbox.zh-CN.js';
import { exportEn } from './export.en.js';
import { exportZh } from './export.zh-CN.js';
import { fieldsEn } from './fields.en.js';
import { fieldsZh } from './fields.zh-CN.js';
import { privacyEn } from './privacy.en.js';
import { privacyZh } from './privacy.zh-CN.js';
import { receiptWords } from './receipt.js';
import { visitsEn } from './visits.en.js';
import { visitsZh } from './visits.zh-CN.js';
import { zhCN } from './zh-CN.js';

export const messages = {
  'zh-CN': { ...zhCN, ...checksZh, ...consentZh, ...greetingZh, ...privacyZh, ...findingZh, ...visitsZh, ...outboxZh, ...dealingsZh, ...fieldsZh, ...dossierZh, ...boxZh, ...exportZh, receipt: receiptWords['zh-CN'] },
  en: { ...en, ...checksEn, ...consentEn, ...greetingEn, ...privacyEn, ...findingEn, ...visitsEn, ...outboxEn, ...dealingsEn, ...fieldsEn, ...dossierEn, ...boxEn, ...exportEn, receipt: receiptWords.en },
};
