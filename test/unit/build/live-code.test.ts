import assert from 'node:assert/strict';
import { liveCode, splitItems } from '../../../lab/src/build/reach/live-code.ts';

/** A unit as the compiler's preprocessor writes it: headers first, then its own functions. */
const unit = `# 1 "net/x.c"
# 1 "include/linux/x.h" 1
struct sk_buff;
typedef unsigned int u32;
enum colour { RED, GREEN = 5 };
struct point { int x; int y; };
extern int printk(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
static inline __attribute__((__gnu_inline__)) __attribute__((__unused__)) int deep(int value)
{
 return value + 1;
}
static inline __attribute__((__gnu_inline__)) int used(int value)
{
 if (value) { return deep(value); }
 return '}';
}
static inline __attribute__((__gnu_inline__)) __attribute__((__always_inline__)) int unused(struct point *point)
{
 return point->x;
}
static inline __attribute__((__gnu_inline__)) __attribute__((__used__)) int kept(void)
{
 return 1;
}
# 3 "net/x.c" 2
static const char *const names[] = { "a;}", "b" };
static struct { int value; } settings = { 4 };
_Static_assert(sizeof(u32) == 4, "u32");
int answer(u32 given)
{
 printk("%d", GREEN);
 return used(given);
}
asm(".section x");
`;

const changed = (from: string, to: string) => {
  assert.ok(unit.includes(from), from);
  return liveCode(unit.replace(from, to)) !== liveCode(unit);
};

describe('liveCode', () => {
  it('takes a text apart at its file level', () => {
    const items = splitItems(unit.replace(/^#.*\n/gm, ''));
    assert.equal(items.length, 14);
    assert.match(items[6] ?? '', /^static inline[^]*'\}';\n\}$/);
    assert.equal(items.at(-1), 'asm(".section x");');
  });

  for (const [what, from, to] of [
    ['a function', 'return used(given);', 'return used(given) + 1;'],
    ['an inline function that a function uses', "return '}';", 'return 7;'],
    ['one that only another inline function uses', 'return value + 1;', 'return value + 2;'],
    ['an inline function that an attribute keeps', 'return 1;', 'return 2;'],
    ['a declaration that is used', 'extern int printk', 'extern long printk'],
    ['a type that is used', 'typedef unsigned int u32', 'typedef unsigned long u32'],
    ['an enumerator that is used', 'GREEN = 5', 'GREEN = 6'],
    ['data', '"a;}"', '"c;}"'],
    ['data of a type without a name', '{ 4 }', '{ 5 }'],
    ['assembly', '.section x', '.section y'],
  ] as const)
    it(`is another one when ${what} changes`, () => assert.ok(changed(from, to)));

  for (const [what, from, to] of [
    ['an inline function that nothing uses changes', 'return point->x;', 'return point->y;'],
    ['a type that nothing uses changes', 'struct point { int x; int y; };', 'struct point { long x; int y; };'],
    [
      'a function is declared that nothing uses',
      'struct sk_buff;',
      'struct sk_buff;\nint answers(struct sk_buff *given);',
    ],
    ['a struct is announced', 'struct sk_buff;', 'struct sk_buff; struct answer;'],
    ['an assertion changes', '== 4', '== 5 - 1'],
    ['lines shift', 'return used(given);', '\n\n# 9 "net/x.c"\n return used(given);'],
  ] as const)
    it(`stays when ${what}`, () => assert.ok(!changed(from, to)));
});
