/** Members of staff of any role, each on a device of their own. */
import type { AssessmentRequest, RecognitionMode, Role, StaffMember } from '../../appliance/contract/index.js';
import type { PorticoClient } from '../../demo/client.js';
import type { TestBox } from './box.js';

const PIN = '246802';

export interface Member { device: PorticoClient; staff: StaffMember; signIn(): Promise<void> }

export async function addMember(box: TestBox, name: string, role: Role): Promise<Member> {
  const staff = await box.owner.call<StaffMember>('POST', '/staff', { name, role, pin: PIN });
  const device = box.stranger();
  await device.pair((await box.owner.makePairingCode()).code, `iPad ${name}`);
  const signIn = async () => { await device.signIn(staff.id, PIN); };
  await signIn();
  return { device, staff, signIn };
}

/** An assessment with all that has to be in one. */
export function assessmentFor(mode: RecognitionMode, change: Partial<AssessmentRequest> = {}): AssessmentRequest {
  return {
    mode, reason: 'first', purpose: '为到店会员提供一致的服务', impact: '仅限单独同意的会员', risks: '设备被盗、误识别', measures: '全盘加密、按目的单独同意、到期删除',
    conclusion: '可以按所述方式进行', acceptable: true, ...change,
  };
}
