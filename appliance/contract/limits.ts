/** What a picture may be: beside the schemas, because the threads that look at pictures need no schema. */
export const MAX_FRAME_BYTES = 4_000_000;
export const MAX_FRAME_PIXELS = 25_000_000;
