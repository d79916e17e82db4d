import { describe, expect, it } from '@jest/globals';
import { RequestFields } from '../../src/http/request-fields.js';

const malformed = expect.objectContaining({ code: 'ERR_REQUEST_MALFORMED' });

describe('the fields of a body', () => {
  it.each([[undefined], [null], [{}]])('are none in %p', (body) => {
    const fields = RequestFields.of({ body });
    expect(() => fields.token('token')).toThrow(malformed);
    expect(fields.flag('flag')).toBe(false);
    expect(() => fields.assertGrantType('password')).not.toThrow();
  });

  it.each([['{"a":1}'], [7], [true], [[]], [Object.assign(['a'], { token: 'a' })], [() => ({})]])(
    'cannot be had of %p',
    (body) => {
      expect(() => RequestFields.of({ body })).toThrow(malformed);
    },
  );

  it('are its own, never those of a prototype', () => {
    const fields = RequestFields.of({ body: Object.create({ token: 'a', flag: true, grant_type: 'b' }) });
    expect(() => fields.token('token')).toThrow('missing');
    expect(fields.flag('flag')).toBe(false);
    expect(() => fields.assertGrantType('password')).not.toThrow();
  });

  it('count as left out where they are empty (RFC 6749 §3.2)', () => {
    const fields = RequestFields.of({ body: { token: '', flag: '', grant_type: '' } });
    expect(() => fields.token('token')).toThrow('missing');
    expect(fields.flag('flag')).toBe(false);
    expect(() => fields.assertGrantType('password')).not.toThrow();
  });

  it.each(['\u00e4\u{1f600}', ' ', '\t', 'a b', '\ufffd', '"\\'])('may be the credential %p', (text) => {
    expect(RequestFields.of({ body: { password: text } }).credential('password')).toBe(text);
  });

  it.each(['\0', '\x7f', '\n', 'a\r', '\ud800', '\udc00\ud800', '\uffff'])('may not be %p', (text) => {
    expect(() => RequestFields.of({ body: { password: text } }).credential('password')).toThrow(malformed);
  });

  it('are named in messages, and what they held is not', () => {
    const body = { password: 'secret\0', list: ['secret'], flag: 'secret', long: 'secret'.repeat(20_000) };
    const fields = RequestFields.of({ body });
    for (const read of [
      () => fields.credential('password'),
      () => fields.credential('list'),
      () => fields.token('long'),
      () => fields.flag('flag'),
    ]) {
      expect(read).toThrow(malformed);
      expect(read).not.toThrow('secret');
    }
  });
});
