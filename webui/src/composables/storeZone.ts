import { ref } from 'vue';

const zone = ref(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** IANA name of the store's time zone; this device's until the box has said it. */
export const storeZone = (): string => zone.value;

const priceCurrency = ref('CNY');
/** ISO 4217: what the store's prices are in. */
export const storeCurrency = (): string => priceCurrency.value;
export function setStoreCurrency(currency: string): void {
  priceCurrency.value = currency;
}

export function setStoreZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return; // a zone that this browser does not know: its own is better than a page that fails
  }
  zone.value = timeZone;
}
