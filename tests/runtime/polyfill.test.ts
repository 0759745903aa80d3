import test from 'ava';

test('after the polyfill there are Promise.withResolvers and a WebSocket global, native ones untouched', async (t) => {
  const native = {
    withResolvers: Reflect.get(Promise, 'withResolvers'),
    WebSocket: Reflect.get(globalThis, 'WebSocket'),
  };
  await import('../../runtime/polyfill.js');
  const withResolvers = Reflect.get(Promise, 'withResolvers');
  t.is(native.withResolvers ?? withResolvers, withResolvers);
  t.is(native.WebSocket ?? Reflect.get(globalThis, 'WebSocket'), Reflect.get(globalThis, 'WebSocket'));
  t.is(typeof Reflect.get(globalThis, 'WebSocket'), 'function');

  const resolved = withResolvers.call(Promise);
  resolved.resolve(1);
  t.is(await resolved.promise, 1);
  const rejected = withResolvers.call(Promise);
  rejected.reject(new Error('no'));
  await t.throwsAsync(rejected.promise, { message: 'no' });
});
