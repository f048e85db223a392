import t from 'tap';
import { ease, FRAME_HEIGHT, FRAME_WIDTH, LAP_SECONDS, LIGHTS, SHOTS, viewAt, type View } from '../../demo/cameraPath.js';
import { CUSTOMERS, type FaceInPhoto } from '../../demo/people.js';
import { PHOTO_HEIGHTS, PHOTO_WIDTH } from '../../demo/samplePhotos.js';

const STEP_SECONDS = 0.2;
const lap = (first = 0): View[] => Array.from({ length: Math.round(LAP_SECONDS / STEP_SECONDS) }, (_, i) => viewAt(first + i * STEP_SECONDS));

function shows({ photo, window }: View, { photo: where, box: [left, top, right, bottom] }: FaceInPhoto): boolean {
  return photo === where && left >= window.left && top >= window.top && right <= window.left + window.width && bottom <= window.top + window.height;
}
function touches({ photo, window }: View, { photo: where, box: [left, top, right, bottom] }: FaceInPhoto): boolean {
  return photo === where && left < window.left + window.width && right > window.left && top < window.top + window.height && bottom > window.top;
}

t.test('the window is always inside the photo and of the form of the frame', async (t) => {
  for (const { photo, window } of lap()) {
    t.ok(window.left >= 0 && window.top >= 0, photo);
    t.ok(window.left + window.width <= PHOTO_WIDTH && window.top + window.height <= PHOTO_HEIGHTS[photo], photo);
    t.ok(Math.abs(window.height / window.width - FRAME_HEIGHT / FRAME_WIDTH) < 0.002, photo);
  }
});

t.test('moves a little at a time within a shot', async (t) => {
  const views = lap();
  views.slice(1).forEach((view, i) => {
    const before = views[i]!;
    if (before.photo !== view.photo) return;
    t.ok(Math.abs(view.window.left - before.window.left) < 0.03 * FRAME_WIDTH);
  });
  t.equal(ease(0), 0);
  t.equal(ease(1), 1);
  t.equal(ease(0.5), 0.5);
  t.ok(ease(0.1) < 0.1, 'slow at the beginning');
});

t.test('passes every enrolled customer in each lap; the one with two photos only where she was not enrolled', async (t) => {
  const secondPhoto: FaceInPhoto = { photo: 'sample3.jpg', box: [1077, 201, 1294, 516] };
  for (const { fields, agreed } of CUSTOMERS) {
    if (agreed === null) continue;
    const isMetElsewhere = agreed.face.photo === 'sample1.jpg';
    if (isMetElsewhere) t.notOk(lap().some((view) => touches(view, agreed.face)), `${fields.displayName} is not shown as enrolled`);
    const met = isMetElsewhere ? secondPhoto : agreed.face;
    t.ok(lap().filter((view) => shows(view, met)).length >= 10, `${fields.displayName} is in view for two seconds`);
  }
});

t.test('the same moment is the same view; the next lap has the same path in another light', async (t) => {
  t.strictSame(viewAt(17.4), viewAt(17.4));
  for (const shot of SHOTS.keys()) {
    const seconds = SHOTS.slice(0, shot).reduce((sum, { seconds }) => sum + seconds, 0) + 1;
    const [now, later] = [viewAt(seconds), viewAt(seconds + LAP_SECONDS)];
    t.strictSame(now.window, later.window);
    t.not(now.light, later.light);
    t.equal(viewAt(seconds + LIGHTS.length * LAP_SECONDS).light, now.light);
  }
});
