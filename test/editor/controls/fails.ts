// Negative control: a suite with one passing and one failing test.

import assert from 'node:assert/strict';

it('holds', () => assert.equal(1 + 1, 2));
it('fails', () => assert.equal(1 + 1, 3));
