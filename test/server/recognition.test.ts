/** From a frame to a card, on real faces through real sockets: who is named, who is not, and what stays behind. */
import sharp, { type Sharp } from 'sharp';
import t from 'tap';
import type { CameraFace } from '../../appliance/contract/index.js';
import { DOUBTFUL_PAIRS, SAMPLE_FACES, samplePhoto } from '../fixtures/sample-faces.js';
import { addAssociate, startBox, TestClock } from '../support/box.js';
import { dumpTables } from '../support/disk.js';
import { emptyScene, portrait, scene } from '../support/scene.js';
import { drain, look, lookAtOne, type Camera } from '../support/sockets.js';
import { enrolPerson } from '../support/store.js';

/** Longer than a track lives unseen: whoever comes next is somebody new to the camera. */
const NEXT_PERSON_MS = 4_000;
const ENROLLED = ['P03', 'P08', 'P13', 'P14', 'P15', 'P18', 'P20', 'P21'] as const;
/** Never enrolled here; those who may be somebody enrolled are left out. */
const STRANGERS = ['P01', 'P02', 'P04', 'P06', 'P07', 'P09', 'P12', 'P16', 'P17'] as const;

const clock = new TestClock();
const box = await startBox(t, { clock });
const ids = new Map<string, string>();
const personOf = (id: string) => [...ids].find(([, customerId]) => customerId === id)?.[0];
let camera: Camera;

const middle = async (picture: Buffer) => scene({ picture, x: 640, y: 360, height: 420 });

/** What the camera says of somebody who stands still for two frames, after everybody else has gone. */
async function standStill(picture: Buffer): Promise<CameraFace> {
  clock.move(NEXT_PERSON_MS);
  const frame = await middle(picture);
  await lookAtOne(camera, frame);
  return lookAtOne(camera, frame);
}

t.before(async () => {
  // P03 from one photo only, as the issue asks.
  for (const person of ENROLLED) {
    ids.set(person, await enrolPerson(box, person, {
      photos: [await portrait(person, person === 'P03' ? 'sample1.jpg' : undefined)],
      ...(person === 'P03' ? { salutation: '林女士', tier: '金卡', facts: ['喜欢靠窗', '养猫', '喝乌龙'], doNot: ['不要打电话'] } : {}),
    }));
  }
  camera = await box.owner.camera('look_up').opened();
});

t.test('somebody enrolled from one photo is known in another, and a second iPad gets the card', async (t) => {
  const { device } = await addAssociate(box, '小陈');
  const live = await device.live().opened();
  t.same((await live.nextOf('live.snapshot')).data.visits, []);

  const { faces } = await look(camera, await samplePhoto('sample3.jpg'));
  t.equal(faces.length, 3, 'everybody in the photo is found');
  const [left, top, right, bottom] = SAMPLE_FACES['sample3.jpg']!.find((face) => face.person === 'P03')!.box;
  const face = faces.find(({ box }) => {
    const x = box.x + box.width / 2;
    const y = box.y + box.height / 2;
    return x > left && x < right && y > top && y < bottom;
  })!;
  t.equal(face.decision, 'known');
  t.strictSame(face.person, { customerId: ids.get('P03'), displayName: '顾客P03', salutation: '林女士', tier: '金卡' });
  t.ok(face.score! > 0.5 && face.score! <= 1, `score ${face.score}`);

  const opened = await live.nextOf('visit.opened');
  const card = opened.data.visit.customerId === ids.get('P03') ? opened.data.visit : (await live.nextOf('visit.opened')).data.visit;
  t.match(card, {
    customerId: ids.get('P03'), displayName: '顾客P03', salutation: '林女士', tier: '金卡', facts: ['喜欢靠窗', '养猫', '喝乌龙'].map((text) => ({ value: { text } })),
    doNot: ['不要打电话'], lastVisitAt: null, arrival: 'recognised', adviser: null,
  });
  t.equal(card.score, face.score);
  live.close();
});

t.test('known again in another light, smaller, rolled, blurred, and in a poor JPEG', async (t) => {
  const views: [string, (picture: Sharp) => Sharp][] = [
    ['darker', (picture) => picture.linear(0.7, 0)],
    ['warmer', (picture) => picture.recomb([[1.15, 0, 0], [0, 1, 0], [0, 0, 0.8]])],
    ['rolled by 15 degrees', (picture) => picture.rotate(15, { background: '#8a8a86' })],
    ['blurred', (picture) => picture.blur(1.5)],
    ['poor JPEG', (picture) => picture.jpeg({ quality: 25 })],
    ['smaller', (picture) => picture.resize(150)],
  ];
  for (const person of ENROLLED.filter((each) => each !== 'P03')) {
    for (const [name, change] of views) {
      const face = await standStill(await change(sharp(await portrait(person))).toBuffer());
      t.equal(face.decision, 'known', `${person} ${name}: ${face.score?.toFixed(2)}`);
      t.equal(face.person?.customerId, ids.get(person), `${person} ${name}: is ${personOf(face.person?.customerId ?? '')}`);
    }
  }
});

t.test('strangers are unknown and leave nothing behind, neither in the database nor in the log', async (t) => {
  const doubtful = (person: string) => DOUBTFUL_PAIRS.some((pair) => pair.includes(person) && pair.some((each) => ids.has(each)));
  // Everything that may still be written about others is over.
  await look(camera, await emptyScene());
  const before = dumpTables(box.dataDirectory);
  const logBefore = box.logged();
  let looked = 0;
  const asked = new Set<string>();
  for (const person of STRANGERS.filter((each) => !doubtful(each))) {
    clock.move(NEXT_PERSON_MS);
    const frame = await middle(await portrait(person));
    for (let n = 0; n < 3; n += 1) {
      for (const face of (await look(camera, frame)).faces) {
        looked += 1;
        t.not(face.decision, 'known', `${person}: ${face.score?.toFixed(2)}`);
        if (face.decision === 'candidate') asked.add(person);
        else t.equal(face.person, null);
      }
    }
  }
  t.ok(looked >= 20, `${looked} faces of strangers were looked at`);
  // The box may ask about 3 strangers in 100 (PORTICO_FPIR_CANDIDATE); of these few, one at the most.
  t.ok(asked.size <= 1, `asked about ${[...asked].join()}`);
  t.ok(before['template']!.length === ENROLLED.length && before['visit']!.length > 0, 'the dump sees what there is');
  // Whoever points a camera is using the iPad, and its session says so.
  t.strictSame({ ...dumpTables(box.dataDirectory), session: [] }, { ...before, session: [] });
  t.equal(box.logged(), logBefore);
});

t.test('the log never has a name, however much happened', (t) => {
  t.match(box.logged(), /READY/);
  for (const secret of ['顾客', '林女士', '店长', '喜欢靠窗']) t.notOk(box.logged().includes(secret), secret);
  t.end();
});

t.test('two people who change places keep their names and tracks, whichever comes first in the list', async (t) => {
  clock.move(NEXT_PERSON_MS);
  const [one, other] = [await portrait('P18'), await portrait('P20')];
  const left = { x: 360, y: 360 };
  const right = { x: 920, y: 360 };
  const here = await scene({ picture: one, ...left, height: 420 }, { picture: other, ...right, height: 330 });
  const swapped = await scene({ picture: one, ...right, height: 330 }, { picture: other, ...left, height: 420 });
  await look(camera, here);
  const first = (await look(camera, here)).faces;
  const second = (await look(camera, swapped)).faces;
  t.equal(first.length, 2);
  t.equal(second.length, 2);
  const byName = (faces: CameraFace[], person: string) => faces.find((face) => face.person?.customerId === ids.get(person));
  for (const person of ['P18', 'P20']) {
    const before = byName(first, person)!;
    const after = byName(second, person)!;
    t.ok(before.decision === 'known' && after.decision === 'known', person);
    t.ok(Math.abs(before.box.x - after.box.x) > 300, `${person} really moved`);
    t.equal(after.trackId, before.trackId, `${person} keeps the track`);
  }
  t.not(byName(first, 'P18')!.trackId, byName(first, 'P20')!.trackId);
});

t.test('two people who cross are never taken for one another, step by step', async (t) => {
  clock.move(NEXT_PERSON_MS);
  const [walker, other] = [await portrait('P21'), await portrait('P08')];
  const tracks = new Map<string, Set<number>>();
  const seen = new Map<string, number>();
  for (let step = 0; step <= 12; step += 1) {
    clock.move(200);
    const xs = { P21: 240 + step * 66, P08: 1040 - step * 66 };
    // The walker passes in front of the other.
    const frame = await scene({ picture: other, x: xs.P08, y: 350, height: 380 }, { picture: walker, x: xs.P21, y: 370, height: 420 });
    for (const face of (await look(camera, frame)).faces) {
      if (face.person === null) continue;
      const person = personOf(face.person.customerId)!;
      const x = face.box.x + face.box.width / 2;
      const nearest = Math.abs(x - xs.P21) < Math.abs(x - xs.P08) ? 'P21' : 'P08';
      t.ok(person === nearest || Math.abs(xs.P21 - xs.P08) < 120, `step ${step}: ${person} is named at the place of ${nearest}`);
      tracks.set(person, (tracks.get(person) ?? new Set()).add(face.trackId));
      seen.set(person, (seen.get(person) ?? 0) + 1);
    }
  }
  t.ok(seen.get('P21')! >= 10, `the one in front is named nearly always: ${seen.get('P21')}`);
  t.ok(seen.get('P08')! >= 6, `the one behind whenever visible: ${seen.get('P08')}`);
  t.strictSame([...tracks.keys()].sort(), ['P08', 'P21'], 'nobody else is named');
  t.equal(tracks.get('P21')!.size, 1, 'one track');
  t.equal(tracks.get('P08')!.size, 1, 'one track, also after having been hidden');
  t.not([...tracks.get('P21')!][0], [...tracks.get('P08')!][0]);
});

t.test('people who step up one after another to the same spot are never taken for one another', async (t) => {
  clock.move(NEXT_PERSON_MS);
  for (const person of ['P13', 'P14', 'P17', 'P15', 'P03', 'P18', 'P04', 'P20', 'P21', 'P08', 'P01', 'P13']) {
    const frame = await middle(await portrait(person, person === 'P03' ? 'sample1.jpg' : undefined));
    let face: CameraFace | undefined;
    for (let n = 0; n < 3; n += 1) {
      clock.move(300);
      face = await lookAtOne(camera, frame);
      if (face.person !== null) t.equal(personOf(face.person.customerId), person, `frame ${n + 1} of ${person}: ${face.decision}`);
      else t.not(face.decision, 'known', `frame ${n + 1} of ${person}`);
    }
    t.equal(face!.decision, ids.has(person) ? 'known' : 'unknown', `${person} in the end: ${face!.score?.toFixed(2)}`);
  }
});

t.test('a face that cannot be read does not inherit the name of whoever stood there before', async (t) => {
  for (const [known, stranger] of [['P03', 'P07'], ['P08', 'P06'], ['P14', 'P07'], ['P15', 'P05'], ['P18', 'P05'], ['P20', 'P07']] as const) {
    clock.move(NEXT_PERSON_MS);
    const named = await middle(await portrait(known));
    await lookAtOne(camera, named);
    t.equal((await lookAtOne(camera, named)).person?.customerId, ids.get(known));
    clock.move(300);
    const { faces } = await look(camera, await middle(await portrait(stranger)));
    t.equal(faces.length, 1, `${stranger} is found`);
    for (const face of faces) {
      t.equal(face.person, null, `${stranger} stands where ${known} stood and is shown as ${personOf(face.person?.customerId ?? '')}`);
      t.not(face.decision, 'known');
    }
  }
});

t.test('somebody who steps aside and comes back within three seconds keeps the track; later gets a new one', async (t) => {
  clock.move(NEXT_PERSON_MS);
  const picture = await portrait('P14');
  const before = await lookAtOne(camera, await scene({ picture, x: 300, y: 360, height: 420 }));
  clock.move(2_000);
  const soon = await lookAtOne(camera, await scene({ picture, x: 960, y: 360, height: 380 }));
  t.equal(soon.trackId, before.trackId);
  clock.move(NEXT_PERSON_MS);
  const later = await lookAtOne(camera, await scene({ picture, x: 960, y: 360, height: 380 }));
  t.not(later.trackId, before.trackId);
});

t.test('the front desk greets by name only whoever agreed to it, and tells nothing else', async (t) => {
  const discreet = await enrolPerson(box, 'P19', { purposes: ['recognise'], salutation: '何先生' });
  const desk = await box.owner.camera('front_desk').opened();
  const greeted = async (picture: Buffer) => {
    clock.move(NEXT_PERSON_MS);
    const frame = await middle(picture);
    await lookAtOne(desk, frame);
    return lookAtOne(desk, frame);
  };
  const agreed = await greeted(await portrait('P03', 'sample1.jpg'));
  t.match(agreed, { decision: 'known', greeting: '林女士', person: null, score: null, margin: null, sightingId: null });
  const named = await greeted(await portrait('P18'));
  t.match(named, { decision: 'known', greeting: '顾客P18' }, 'the display name where no salutation is written');
  const silent = await greeted(await portrait('P19'));
  t.match(silent, { decision: 'known', greeting: null, person: null, score: null });
  t.notOk(JSON.stringify([agreed, named, silent]).match(new RegExp([...ids.values(), discreet].join('|'))), 'no id of a customer');
  const stranger = await greeted(await portrait('P17'));
  t.match(stranger, { decision: 'unknown', greeting: null, person: null });
  desk.close();
});

t.test('seen again: the same visit goes on, after the gap another begins', async (t) => {
  const live = await box.owner.live().opened();
  await live.nextOf('live.snapshot');
  const picture = await portrait('P08');
  const frame = await middle(picture);
  const visits = async () => (await box.owner.call<{ visits: { id: string; closedAt: string | null; endReason: string | null; lastSeenAt: string }[] }>(
    'GET', `/customers/${ids.get('P08')}`)).visits;
  clock.move(NEXT_PERSON_MS);
  await lookAtOne(camera, frame);
  const [now] = await visits();
  await drain(live);

  clock.move(29_000);
  await lookAtOne(camera, frame);
  t.strictSame((await drain(live)).filter((message) => message.type.startsWith('visit.')), [], 'a moment later: nothing is written or told');
  clock.move(2_000);
  await lookAtOne(camera, frame);
  const told = (await drain(live)).filter((message) => message.type.startsWith('visit.'));
  t.equal(told.length, 1);
  t.equal(told[0]?.type, 'visit.updated');
  t.equal((await visits())[0]!.id, now!.id);

  clock.move(181 * 60_000);
  await lookAtOne(camera, frame);
  await drain(live);
  const all = await visits();
  t.not(all[0]!.id, now!.id, 'another visit');
  const former = all.find((visit) => visit.id === now!.id)!;
  t.equal(former.endReason, 'left');
  t.equal(former.closedAt, former.lastSeenAt, 'ended where last seen');
  live.close();
});
