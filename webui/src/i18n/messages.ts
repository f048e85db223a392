/** All words of the page. */
import { consentEn } from './consent.en.js';
import { consentZh } from './consent.zh-CN.js';
import { en } from './en.js';
import { outboxEn } from './outbox.en.js';
import { outboxZh } from './outbox.zh-CN.js';
import { privacyEn } from './privacy.en.js';
import { privacyZh } from './privacy.zh-CN.js';
import { receiptWords } from './receipt.js';
import { zhCN } from './zh-CN.js';

export const messages = {
  'zh-CN': { ...zhCN, ...consentZh, ...privacyZh, ...outboxZh, receipt: receiptWords['zh-CN'] },
  en: { ...en, ...consentEn, ...privacyEn, ...outboxEn, receipt: receiptWords.en },
};
