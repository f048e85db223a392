/** The files that the privacy office hands on; each has a name in words (`file.name`). */
export type PaperName = 'accessCopy' | 'assessment' | 'affected' | 'notices' | 'auditLog' | 'auditPack';
