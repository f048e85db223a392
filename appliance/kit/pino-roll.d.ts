/** The package ships no types: as much of it as log.ts uses. */
declare module 'pino-roll' {
  export default function roll(options: {
    file: string; frequency: 'daily'; dateFormat: string; size: number | string; limit: { count: number; removeOtherLogFiles: boolean };
    mode: number; minLength: number; maxLength: number; periodicFlush: number;
  }): Promise<NodeJS.WritableStream & { destroy(): void }>;
}
