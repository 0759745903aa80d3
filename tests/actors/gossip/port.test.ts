import test, { type TestFn } from 'ava';
import { cleanUp, libp2pFactory, memoryFactory } from './kit.js';
import { portCompliance } from './port-compliance.js';

test.after.always(cleanUp);

portCompliance(test, 'memory', memoryFactory());
// One after another: a dozen handshakes at once on two cores only measure the queue.
portCompliance(test.serial as TestFn, 'libp2p', libp2pFactory);
