import { defineStore } from 'pinia';
import { ref } from 'vue';
import { onPinAgain } from '../api/client.js';

/** What gives lasting access asks for the PIN again, when nobody has shown it for some minutes: one question, for whatever waits for it. */
export const useProof = defineStore('proof', () => {
  const asking = ref(false);
  let asked: Promise<boolean> | null = null;
  let answer: (shown: boolean) => void = () => {};

  function ask(): Promise<boolean> {
    asking.value = true;
    asked ??= new Promise((resolve) => (answer = resolve));
    return asked;
  }

  function end(shown: boolean): void {
    asking.value = false;
    asked = null;
    answer(shown);
  }

  onPinAgain(ask);
  return { asking, end };
});
