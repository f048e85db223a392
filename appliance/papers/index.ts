export { accessCopyPdf, type AccessCopyData } from './accessCopy.js';
export { assessmentPdf, type AssessmentReportData } from './assessmentReport.js';
export { breachNoticesPdf, LETTERS_MAX, type BreachNoticesData } from './breachNotices.js';
export { consentCopyPdf, type ConsentCopyData } from './consentCopy.js';
export { deletionReceiptPdf, type DeletionReceiptData } from './deletionReceipt.js';
export { auditPack, verifyPack, type ChainEntry, type Manifest, type PackContents, type PackReport } from './pack.js';
export { findStatement, receiptUrl, signDeletion, type ChainHead, type DeletionClaims } from './receipt.js';
export { readKeys, Signer, verifyStatement, type Statement, type StatementType, type Verified } from './signer.js';
