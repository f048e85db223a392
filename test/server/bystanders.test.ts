/** People who are nobody's customers: hundreds of them pass, with TEST_FULL set a thousand, and nothing grows. */
import t from 'tap';
import type { BoxHealth } from '../../appliance/contract/index.js';
import { defaultModelsDir } from '../../models/manifest.js';
import { createVision } from '../../appliance/vision/index.js';
import { startBox, TestClock } from '../support/box.js';
import { decryptedPages, dumpTables, filesBelow } from '../support/disk.js';
import { leaksIn } from '../support/leaks.js';
import { portrait, scene } from '../support/scene.js';
import { drain, look } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** A thousand take half a minute of both cores: .ci/run has them, npm test a part. */
const FACES_WANTED = process.env['TEST_FULL'] === undefined ? 250 : 1_000;
/** Nobody of these is enrolled here, nor looks like who is. */
const STRANGERS = ['P01', 'P02', 'P04', 'P06', 'P07', 'P09', 'P12', 'P16'] as const;
/** Longer than a track lives unseen: in the next round everybody is somebody new. */
const NEXT_PEOPLE_MS = 9_000;
/** One row a day, whoever was seen (0002-recognition.sql). */
const DAY_COUNTS = ['recognition_count'];

const clock = new TestClock();
const box = await startBox(t, { clock, settings: { PORTICO_VISION_WORKERS: '2' } });

/** Eight strangers in one frame, as small as a near camera still reads. */
async function crowd(): Promise<Buffer> {
  const placed = await Promise.all(STRANGERS.map(async (person, i) => ({
    picture: await portrait(person), x: 170 + (i % 4) * 310, y: 185 + Math.floor(i / 4) * 350, height: 330,
  })));
  return scene(...placed);
}

const names = (rows: readonly unknown[]) => rows.map((row) => (row as { name: string }).name);

t.test(`C14: after ${FACES_WANTED} unknown faces no row, file, log line or measure has grown`, { timeout: 240_000 }, async (t) => {
  await enrolPerson(box, 'P08');
  const frame = await crowd();
  const cameras = await Promise.all([box.owner.camera('look_up').opened(), box.owner.camera('front_desk').opened()]);
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');
  const everyone = () => Promise.all(cameras.map(async (camera) => (await look(camera, frame)).faces));

  /** Two frames, so that who can be read is decided on; then all leave. */
  let seen = 0;
  let decided = 0;
  const round = async () => {
    for (const face of [...await everyone(), ...await everyone()].flat()) {
      seen += 1;
      if (face.decision === 'unknown') decided += 1;
      else if (face.decision !== 'undecided' || face.person !== null) t.fail(`a stranger was taken for somebody: ${JSON.stringify(face)}`);
    }
    clock.move(NEXT_PEOPLE_MS);
  };
  await round(); // what the first one brings, once: the day's row, a first line
  const before = { tables: dumpTables(box.dataDirectory), log: box.logged().length, files: filesBelow(box.dataDirectory).map(({ path }) => path), health: await box.owner.call<BoxHealth>('GET', '/health') };
  await drain(live);
  t.ok(seen > 20, `faces are found: ${seen} in the first round`);
  for (let rounds = 0; seen < FACES_WANTED && rounds < 60; rounds++) await round();
  t.ok(seen >= FACES_WANTED && decided > FACES_WANTED / 5, `${decided} of ${seen} faces were decided on as unknown, the others left before`);
  t.strictSame((await drain(live)).filter((message) => !message.type.startsWith('box.')), [], 'no page was told');

  const after = { tables: dumpTables(box.dataDirectory), files: filesBelow(box.dataDirectory).map(({ path }) => path), health: await box.owner.call<BoxHealth>('GET', '/health') };
  t.strictSame(Object.keys(after.tables), Object.keys(before.tables));
  for (const [table, rows] of Object.entries(after.tables)) {
    if (table === 'session') continue; // whoever points a camera is using the iPad: that is all that is written
    // The clock and the disk, each in a row of its own that is written again; none of it is counted by faces.
    if (table === 'box_fact') t.strictSame(names(rows), names(before.tables[table]!), table);
    else if (DAY_COUNTS.includes(table)) t.ok(rows.length <= 2, `${table}: a row a day, not one a person (${rows.length})`);
    else t.strictSame(rows, before.tables[table], table);
  }
  t.strictSame(after.files, before.files);
  t.equal(box.logged().length, before.log, 'not one line of the log');
  t.strictSame(Object.keys(after.health), Object.keys(before.health), 'no measure by person');
  t.strictSame({ ...after.health, framesSeen: 0, upSeconds: 0 }, { ...before.health, framesSeen: 0, upSeconds: 0 });

  const vision = createVision({ modelsDir: defaultModelsDir(), workers: 1 });
  await vision.start();
  const embeddings = (await vision.analyse(frame)).faces.map((face) => face.embedding);
  await vision.stop();
  t.equal(embeddings.length, STRANGERS.length);
  const theirs = (bytes: Buffer) => leaksIn(bytes, { embeddings, photos: [frame] }, { noise: true }).filter((leak) => /template|photo|sign/.test(leak));
  t.strictSame(theirs(Buffer.concat(decryptedPages(box.dataDirectory))), [], 'nothing of them in any page, free ones and the log of writing included');
  t.strictSame(theirs(Buffer.from(box.logged())), []);
});
