/** The requests of the customer's own page. No cookie counts here: the link's secret does, and it goes nowhere but into this header. */
import { LINK_HEADER, type OwnConsent, type Purpose, type WithdrawalReceipt } from '../contract.js';
import { call, callFile } from './client.js';

export function mine(token: string) {
  const headers = { [LINK_HEADER]: token };
  return {
    consent: () => call<OwnConsent>('GET', '/mine', { headers }),
    withdraw: (purposes?: readonly Purpose[]) =>
      call<WithdrawalReceipt>('POST', '/mine/withdraw', { headers, json: purposes ? { purposes } : {} }),
    copy: () => callFile('/mine/copy.pdf', { headers }),
    receipt: (deletionId: string) => callFile(`/mine/receipt.pdf?id=${encodeURIComponent(deletionId)}`, { headers }),
  };
}
