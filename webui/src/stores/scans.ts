import { defineStore } from 'pinia';
import { ref } from 'vue';
import { ApiError } from '../api/client.js';
import { finding } from '../api/finding.js';
import type { Product, ScanFound } from '../contract.js';

type Customers = Exclude<ScanFound, { kind: 'product' }>;

/** What was scanned, by camera or by a reader that types, and who takes it. */
export const useScans = defineStore('scans', () => {
  /** Shown until it is closed. */
  const found = ref<Customers | null>(null);
  const error = ref<ApiError | null>(null);
  /** A product that nobody had asked for. */
  const product = ref<Product | null>(null);
  const asking = ref(false);
  /** The camera's panel is open and shows what is found itself. */
  const panelOpen = ref(false);
  let taker: ((product: Product) => void) | null = null;
  let raw: ((scan: string) => void) | null = null;

  /** Whoever is asked last takes products, until the returned function is called. */
  function takeProducts(take: (product: Product) => void): () => void {
    taker = take;
    return () => { if (taker === take) taker = null; };
  }

  /** The next scans of a reader go there as they are, such as into a dossier as its tag. */
  function takeRaw(take: (scan: string) => void): () => void {
    raw = take;
    return () => { if (raw === take) raw = null; };
  }

  /** Asks the box; a product goes to whoever takes it. */
  async function ask(scan: string): Promise<void> {
    if (asking.value) return;
    asking.value = true;
    error.value = null;
    product.value = null;
    try {
      const answer = await finding.scan(scan);
      if (answer.kind !== 'product') found.value = answer;
      else if (taker) taker(answer.product);
      else product.value = answer.product;
    } catch (caught) {
      error.value = caught instanceof ApiError ? caught : new ApiError('unexpected');
    } finally {
      asking.value = false;
    }
  }

  function typed(scan: string): void {
    if (raw) raw(scan);
    else void ask(scan);
  }

  function clear(): void {
    found.value = null;
    product.value = null;
    error.value = null;
  }

  return { found, product, error, asking, panelOpen, ask, typed, takeProducts, takeRaw, clear };
});
