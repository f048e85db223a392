import { ASSESSMENT_FIELDS, type Assessment, type Language } from '../contract/index.js';
import { Sheet, type Letterhead } from './sheet.js';
import { onDay, when } from './when.js';

export interface AssessmentReportData extends Letterhead {
  assessment: Assessment;
}

const WORDS = {
  'zh-CN': {
    title: '个人信息保护影响评估报告', id: '报告编号', recordedAt: '评估时间', by: '评估人', mode: '评估的使用方式', reason: '评估原因', verdict: '评估结论', keepUntil: '保存至',
    modes: { off: '不使用人脸识别', opt_in: '顾客自愿：顾客走到平板前，或店员征得同意后使用', fixed_station: '固定点位：摄像头固定安装，划定区域并设置标识' },
    reasons: { first: '首次使用前', mode_change: '使用方式变更', incident: '发生安全事件后', yearly: '年度复评', other: '其他' },
    yes: '可以按所述方式处理', no: '不得按所述方式处理',
    fields: {
      purpose: '一、处理的目的、方式是否合法、正当、必要', impact: '二、对个人权益的影响', risks: '三、泄露、丢失、滥用的风险', measures: '四、保护措施是否有效，与风险是否相适应', conclusion: '五、结论与改进',
    },
    empty: '（未填写）', snapshot: '评估时门店盒的状况', snapshotText: '由门店盒在评估时自动记录，随报告一并封存。', hash: '报告校验值（SHA-256）',
    basis: '依据：《个人信息保护法》第五十五条、第五十六条；《人脸识别技术应用安全管理办法》第九条。报告至少保存三年。本报告由门店自行评估填写，不构成法律意见。',
    signature: '评估人签字：____________________    日期：____________________',
  },
  en: {
    title: 'Personal information protection impact assessment', id: 'Report number', recordedAt: 'Recorded at', by: 'Assessed by', mode: 'Mode assessed', reason: 'Reason', verdict: 'Verdict', keepUntil: 'To be kept until',
    modes: { off: 'No face recognition', opt_in: 'Opt-in: a customer steps up to an iPad, or staff point one at a customer who agreed', fixed_station: 'Fixed station: a camera stands by itself, with a drawn zone and signage' },
    reasons: { first: 'Before first use', mode_change: 'Change of mode', incident: 'After an incident', yearly: 'Yearly review', other: 'Other' },
    yes: 'The processing may go on as described', no: 'The processing must not go on as described',
    fields: {
      purpose: '1. Purpose and method: lawful, legitimate and necessary?', impact: '2. Impact on the rights and interests of persons', risks: '3. Risks of leak, loss and abuse', measures: '4. Measures: effective, and in proportion to the risk?', conclusion: '5. Conclusion and improvements',
    },
    empty: '(left empty)', snapshot: 'The box at the time of the assessment', snapshotText: 'Recorded by the box itself and kept with the report.', hash: 'Checksum of the report (SHA-256)',
    basis: 'Basis: articles 55 and 56 of the Personal Information Protection Law, article 9 of the Measures for the Security of Face Recognition Applications. To be kept for three years at least. Filled in by the store itself; not legal advice.',
    signature: 'Signed: ____________________    Date: ____________________',
  },
} as const;

/** An impact assessment as it was recorded. */
export async function assessmentPdf({ assessment, ...letterhead }: AssessmentReportData, language: Language): Promise<Buffer> {
  const words = WORDS[language];
  const sheet = await Sheet.open({ ...letterhead, language, title: words.title, documentId: assessment.id, createdAt: assessment.recordedAt });
  sheet.facts([
    [words.id, assessment.id], [words.recordedAt, when(assessment.recordedAt, letterhead.timeZone, language)], [words.by, assessment.by],
    [words.mode, words.modes[assessment.mode]], [words.reason, words.reasons[assessment.reason]],
    [words.verdict, assessment.acceptable ? words.yes : words.no], [words.keepUntil, onDay(assessment.keepUntil, language)],
  ]);
  for (const field of ASSESSMENT_FIELDS) {
    sheet.heading(words.fields[field]);
    sheet.paragraph(assessment[field].trim() === '' ? words.empty : assessment[field]);
  }
  sheet.heading(words.snapshot);
  sheet.aside(words.snapshotText);
  await sheet.table(Object.entries(assessment.snapshot).map(([name, value]) => [name, value === null ? '-' : String(value)]), '-');
  sheet.facts([[words.hash, assessment.hash]]);
  sheet.aside(words.basis);
  sheet.paragraph(words.signature);
  return sheet.end();
}
