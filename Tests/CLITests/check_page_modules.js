// Checks the page's modules in the browser that loaded them, by random values of a fixed seed. Gives what is wrong.
async seed => {
    const at = name => import(new URL(`assets/${name}.js`, document.baseURI).href);
    const [{ parse, stringify, integer, decimal, place }, { EventReader }, { h, show }, format] = await Promise.all(
        ['bignum', 'events', 'dom', 'format'].map(at)
    );
    const faults = [];
    let state = seed;
    const random = below => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return state % below;
    };
    const check = (isSo, words) => { if (!isSo && faults.length < 10) faults.push(words); };

    // MARK: Integers

    const text = () => Array.from({ length: random(12) }, () => '"\\\n1234567890123456789,:{}é'[random(28)]).join('');
    const whole = () => BigInt.asIntN(64, (BigInt(random(2 ** 30)) << 34n) * BigInt(1 + random(9)) - BigInt(random(99)));
    const value = depth => {
        switch (depth > 3 ? random(5) : random(7)) {
            case 0: return null;
            case 1: return random(2) === 0;
            case 2: return text();
            case 3: return random(1000) / 8;
            case 4: {
                const id = whole();
                return Number.isSafeInteger(Number(id)) ? Number(id) : id;
            }
            case 5: return Array.from({ length: random(4) }, () => value(depth + 1));
            default: return Object.fromEntries(Array.from({ length: random(4) }, () => [text(), value(depth + 1)]));
        }
    };
    for (let round = 0; round < 2000; round += 1) {
        const written = stringify(value(0));
        check(stringify(parse(written)) === written, `${written} is read as ${stringify(parse(written))}`);
    }
    check(parse('{"a":[9007199254740993,-9223372036854775808]}').a[1] === -(2n ** 63n), 'the lowest id');
    check(parse('1234567890123456789e3') === 1.234567890123456789e21, 'a fraction is no integer');
    check(parse('"9007199254740993"') === '9007199254740993', 'a text stays one');
    check(integer('9223372036854775807') === 2n ** 63n - 1n && integer('9223372036854775808') === null, '64 bits');
    check(integer(' 1,234 ') === 1234 && integer('12x') === null && integer('') === null, 'what people type');
    check(integer('-1,234,567') === -1234567 && integer('1 234') === 1234, 'thousands that are parted');
    for (const words of ['0,5', '1,5', '12,34', '1234,567', '1,234,5', ',5', '1,']) {
        check(integer(words) === null && decimal(words) === null, `${words} is read as ${decimal(words)}`);
    }
    check(decimal('0.5') === 0.5 && decimal('1e6') === 1e6 && decimal('1,000') === 1000, 'numbers');
    for (const words of ['', 'x', 'NaN', 'Infinity', '1e999', '0x10', '1.2.3']) {
        check(decimal(words) === null, `${words} is read as ${decimal(words)}`);
    }
    for (const value of [NaN, Infinity, -Infinity]) {
        let isThrown = false;
        try { stringify({ value: [value] }); } catch { isThrown = true; }
        check(isThrown, `${value} is written`);
    }
    check(place(2n ** 62n, 0, 2n ** 63n - 1n) === 0.5, 'the middle of all ids');
    check(format.id(parse('9007199254740993')) === '9007199254740993', 'an id as text');

    // MARK: Events

    const stream = 'retry: 2000\n\n: hello\n\nid: 7\nevent: change\ndata: {"a":"é"}\ndata: 2\n\nid: 8\r\ndata: x\r\n\r\n';
    const bytes = new TextEncoder().encode(stream);
    for (let round = 0; round < 300; round += 1) {
        const reader = new EventReader(), events = [];
        for (let start = 0; start < bytes.length;) {
            const end = Math.min(bytes.length, start + 1 + random(6));
            events.push(...reader.take(bytes.slice(start, end)));
            start = end;
        }
        const seen = JSON.stringify([events, reader.lastID, reader.retry]);
        const wanted = JSON.stringify([
            [{ type: 'change', data: '{"a":"é"}\n2' }, { type: 'message', data: 'x' }], '8', 2000,
        ]);
        check(seen === wanted, `events in pieces: ${seen}`);
    }

    // MARK: The document

    const list = document.createElement('ul');
    document.body.append(list);
    let kept = null, blurs = 0;
    for (let round = 0; round < 500; round += 1) {
        const keys = Array.from({ length: 9 }, (_, key) => key).filter(key => key === 4 || random(3) > 0);
        keys.sort(() => random(3) - 1);
        show(list, keys.map(key => h('li', { key }, h('button', { type: 'button' }, `${key} ${round}`))));
        const seen = [...list.children].map(item => item.textContent);
        check(seen.join() === keys.map(key => `${key} ${round}`).join(), `${seen} in place of ${keys}`);
        if (kept === null) {
            kept = list.children[keys.indexOf(4)].firstChild;
            kept.focus();
            kept.addEventListener('blur', () => { blurs += 1; });
        }
        check(document.activeElement === kept && blurs === 0, `the focus was lost in round ${round}`);
    }
    list.remove();
    return faults;
}
