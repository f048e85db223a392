import { ref } from 'vue';
import { portico } from '../api/portico.js';
import { standingConsent } from '../consent/activeConsent.js';
import type { Consent, Dossier, Notice } from '../contract.js';
import { useTask } from './useTask.js';
import { todayInStore } from './useWords.js';

export type EnrolStep = 'customer' | 'cool-off' | 'notice' | 'consent' | 'capture' | 'done';

/** From choosing a customer to the photos: is there a consent that stands, may one be asked for, what did the customer say. */
export function useEnrolSteps(options: { handOver: (customerId: string) => Promise<void> }) {
  const task = useTask();
  const refusal = useTask();
  const step = ref<EnrolStep>('customer');
  const customer = ref<Dossier | null>(null);
  const notice = ref<Notice | null>(null);
  const consent = ref<Consent | null>(null);
  /** After a refusal: from when the customer may be asked again, if the box has said so. */
  const notBefore = ref<string | null>(null);
  const photographed = ref(false);

  /**
   * A customer whose consent stands goes straight to the photos, unless it is to be signed anew; nobody else is asked before the box
   * allows it. The customer sees either only once the box knows whose hands the iPad is in. Repeated after a failure, it goes on where it
   * failed.
   */
  async function choose(customerId: string, signAnew = false): Promise<void> {
    const ready = await task.run(async () => {
      if (customer.value?.id !== customerId) {
        notice.value = null;
        customer.value = await portico.dossier(customerId, 'enrolment');
        consent.value = signAnew ? null : standingConsent(customer.value.consents, todayInStore());
      }
      if (!consent.value) notice.value ??= await portico.askConsent(customerId);
      await options.handOver(customerId);
    });
    if (ready) {
      step.value = consent.value ? 'capture' : 'notice';
    } else if (task.error.value?.code === 'consent_cool_off') {
      const day = task.error.value.details['notBefore'];
      notBefore.value = typeof day === 'string' ? day : null;
      task.error.value = null;
      step.value = 'cool-off';
    }
  }

  /** The notice has changed while it was read: the new one is shown. */
  async function outdated(): Promise<void> {
    notice.value = null;
    await choose(customer.value?.id ?? '');
  }

  /** Who signs again with a template that is well needs no new photos. */
  function agreed(signed: Consent): void {
    consent.value = signed;
    step.value = customer.value?.template?.state === 'ok' ? 'done' : 'capture';
  }

  function captured(): void {
    photographed.value = true;
    step.value = 'done';
  }

  /** True when the box has written it down. */
  const refuse = (): Promise<boolean> => refusal.run(async () => portico.refuseConsent(customer.value?.id ?? ''));

  function reset(): void {
    step.value = 'customer';
    customer.value = notice.value = consent.value = notBefore.value = null;
    photographed.value = false;
  }

  return { task, refusal, step, customer, notice, consent, notBefore, photographed, choose, outdated, agreed, captured, refuse, reset };
}
