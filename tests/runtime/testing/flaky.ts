/** Actors with faults, as real threads load them. */
import { withFaults } from '../../../runtime/system/testing/faults.js';
import { counter, counterActor, Notebook } from '../simulation/actors.js';

const notebook = new Notebook();

export const crashesTwice = withFaults(counterActor(notebook), [{ on: counter.add, crash: true, times: 2 }]);
