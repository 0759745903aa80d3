import test from 'ava';
import { cleanUp, libp2pFactory, memoryFactory } from './kit.js';
import { portCompliance } from './port-compliance.js';

test.after.always(cleanUp);

portCompliance(test, 'memory', memoryFactory());
portCompliance(test, 'libp2p', libp2pFactory);
