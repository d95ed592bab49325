import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FilePlan, type PlanOptions, planFile, type ServedFile } from './plan-file.ts';

const file: ServedFile = { size: 1000, etag: '"abc"' };

function plan(headers: Record<string, string>, over: Partial<ServedFile> = {}, options?: PlanOptions): FilePlan {
  return planFile('GET', (name) => headers[name], { ...file, ...over }, options);
}

function header({ headers }: FilePlan, name: string): string | undefined {
  return headers.find(([candidate]) => candidate === name)?.[1];
}

describe('ranges', () => {
  test.each([
    ['bytes=0-99', 0, 100],
    ['bytes=990-', 990, 1000],
    ['bytes=0-', 0, 1000],
    ['bytes=990-5000', 990, 1000],
    ['bytes=-10', 990, 1000],
    ['bytes=-5000', 0, 1000],
    ['BYTES=999-999', 999, 1000],
    ['bytes= 5-6 ,', 5, 7],
    ['bytes=0-99999999999999999999999999', 0, 1000],
  ])('%s is bytes %i to %i', (range, start, end) => {
    const answer = plan({ range });
    expect(answer).toMatchObject({ status: 206, start, end });
    expect(header(answer, 'Content-Range')).toBe(`bytes ${start}-${end - 1}/1000`);
    expect(header(answer, 'Content-Length')).toBe(String(end - start));
    expect(header(answer, 'ETag')).toBe('"abc"');
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0', 'bytes=9999999999999999999999-'])(
    '%s cannot be satisfied',
    (range) => {
      const answer = plan({ range });
      expect(answer).toMatchObject({ status: 416, start: 0, end: 0 });
      expect(header(answer, 'Content-Range')).toBe('bytes */1000');
      expect(header(answer, 'Content-Length')).toBe('0');
    },
  );

  test.each([
    'bytes=5-2',
    'bytes=a-b',
    'bytes=',
    'bytes=--5',
    'lines=0-1',
    'bytes 0-1',
    '0-1',
    'bytes=0-1,5-6',
    'bytes=1.5-2',
  ])('%s gets the whole file', (range) => {
    const answer = plan({ range });
    expect(answer).toMatchObject({ status: 200, start: 0, end: 1000 });
    expect(header(answer, 'Content-Range')).toBeUndefined();
    expect(header(answer, 'Content-Length')).toBe('1000');
  });

  test('an empty file answers a probe of its first byte with 200 and its size', () => {
    const answer = plan({ range: 'bytes=0-0' }, { size: 0 });
    expect(answer).toMatchObject({ status: 200, start: 0, end: 0 });
    expect(header(answer, 'Content-Length')).toBe('0');
    expect(header(answer, 'Content-Range')).toBe('bytes */0');
  });

  test.each(['bytes=0-', 'bytes=-5'])('an empty file is whole for %s', (range) => {
    expect(plan({ range }, { size: 0 }).status).toBe(200);
  });

  test('an empty file has no byte 1', () => {
    expect(plan({ range: 'bytes=1-' }, { size: 0 }).status).toBe(416);
  });

  test('a HEAD with a range describes the whole file', () => {
    const answer = planFile('HEAD', (name) => (name === 'range' ? 'bytes=0-0' : undefined), file);
    expect(answer.status).toBe(200);
    expect(header(answer, 'Content-Length')).toBe('1000');
  });

  test('ranges can be switched off', () => {
    expect(plan({ range: 'bytes=5-6' }, {}, { ignoreRange: true })).toMatchObject({ status: 200, start: 0, end: 1000 });
  });
});

describe('If-Range', () => {
  test.each([
    ['"abc"', 206],
    ['"other"', 200],
    ['W/"abc"', 200],
    ['"abc", "other"', 200],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
  ])('%s gives %i', (ifRange, status) => {
    expect(plan({ range: 'bytes=5-6', 'if-range': ifRange }).status).toBe(status);
  });

  test('a date counts when it is exactly that of the file', () => {
    const lastModified = Date.parse('2015-10-21T07:28:00.500Z');
    const at = (ifRange: string) => plan({ range: 'bytes=5-6', 'if-range': ifRange }, { lastModified }).status;
    expect(at('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(206);
    expect(at('Wed, 21 Oct 2015 07:28:01 GMT')).toBe(200);
  });

  test('without a range it means nothing', () => {
    expect(plan({ 'if-range': '"other"' }).status).toBe(200);
  });
});

describe('preconditions', () => {
  test.each([
    ['"abc"', 304],
    ['W/"abc"', 304],
    ['"x", "abc"', 304],
    ['"x" ,W/"abc"', 304],
    ['*', 304],
    ['"x"', 200],
    ['abc', 200],
    ['"ab', 200],
    ['', 200],
  ])('If-None-Match %s gives %i', (ifNoneMatch, status) => {
    expect(plan({ 'if-none-match': ifNoneMatch }).status).toBe(status);
  });

  test('a 304 has the ETag and no length', () => {
    const answer = plan({ 'if-none-match': '"abc"', range: 'bytes=0-1' });
    expect(answer.headers).toEqual([['ETag', '"abc"']]);
  });

  test.each([
    ['"abc"', 200],
    ['*', 200],
    ['W/"abc"', 412],
    ['"x"', 412],
  ])('If-Match %s gives %i', (ifMatch, status) => {
    expect(plan({ 'if-match': ifMatch }).status).toBe(status);
  });

  test('dates count where no entity tag was sent', () => {
    const lastModified = Date.parse('2020-01-01T00:00:00Z');
    const at = (headers: Record<string, string>) => plan(headers, { lastModified }).status;
    expect(at({ 'if-modified-since': 'Wed, 01 Jan 2020 00:00:00 GMT' })).toBe(304);
    expect(at({ 'if-modified-since': 'Tue, 31 Dec 2019 00:00:00 GMT' })).toBe(200);
    expect(at({ 'if-modified-since': 'Wed, 01 Jan 2020 00:00:00 GMT', 'if-none-match': '"x"' })).toBe(200);
    expect(at({ 'if-unmodified-since': 'Tue, 31 Dec 2019 00:00:00 GMT' })).toBe(412);
    expect(at({ 'if-modified-since': 'nonsense' })).toBe(200);
  });

  test('they can be switched off', () => {
    expect(plan({ 'if-none-match': '"abc"' }, {}, { ignoreConditions: true }).status).toBe(200);
  });
});

test('whatever is sent, the plan is one that can be kept', () => {
  const value = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc
      .array(fc.constantFrom('bytes=', '-', '0', '7', '999', '1000', ',', ' ', '"abc"', 'W/', '*', '"'), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  );
  const request = fc.record(
    { range: value, 'if-range': value, 'if-none-match': value, 'if-match': value, 'if-modified-since': value },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      request,
      fc.constantFrom(0, 1, 1000, 2 ** 40),
      fc.constantFrom('GET', 'HEAD'),
      (headers, size, method) => {
        const answer = planFile(method, (name) => (headers as Record<string, string | undefined>)[name], {
          ...file,
          size,
        });
        const { status, start, end } = answer;
        expect(start >= 0 && start <= end && end <= size).toBe(true);
        if (status === 206) {
          expect(end).toBeGreaterThan(start);
          expect(header(answer, 'Content-Range')).toBe(`bytes ${start}-${end - 1}/${size}`);
        }
        if (status === 200) expect([start, end]).toEqual([0, size]);
        if (status === 200 || status === 206) expect(header(answer, 'Content-Length')).toBe(String(end - start));
        else expect(end).toBe(0);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a well-formed range inside the file is always honoured exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.nat(), fc.nat(), (size, a, b) => {
      const first = a % size;
      const last = first + (b % (size - first));
      const answer = plan({ range: `bytes=${first}-${last}` }, { size });
      expect(answer).toMatchObject({ status: 206, start: first, end: last + 1 });
    }),
  );
});
