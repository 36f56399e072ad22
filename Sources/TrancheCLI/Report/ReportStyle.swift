/// How the page looks: in the light and in the dark, from 400 pixels on.
enum ReportStyle {
    static let text = """
        :root {
            --page: #ffffff; --text: #1c2024; --quiet: #596067; --line: #d5d9dd; --soft: #f3f5f7;
            --done: #2f7d4f; --waiting: #d7dce1; --running: #2563c9; --released: #8a63c7;
            --failed: #c22f2f; --quarantined: #7a1f52; --gap: #9a5b00;
        }
        @media (prefers-color-scheme: dark) {
            :root {
                --page: #15181b; --text: #e6e8ea; --quiet: #9aa3ab; --line: #343a40;
                    --soft: #1e2327;
                --done: #4cae78; --waiting: #3a4147; --running: #6aa1ff; --released: #b596ea;
                --failed: #ff7b72; --quarantined: #e58bbd; --gap: #e3a23c;
            }
        }
        * { box-sizing: border-box; }
        body {
            margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--page);
                color: var(--text);
            font: 16px/1.45 system-ui, sans-serif;
        }
        h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
        h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
        p { margin: .2rem 0; }
        .quiet { color: var(--quiet); font-size: .85rem; }
        .verdict {
            margin: 1rem 0; padding: .6rem .9rem; border-left: .35rem solid;
                background: var(--soft);
            overflow-wrap: anywhere;
        }
        .verdict.well { border-color: var(--done); }
        .verdict.ill { border-color: var(--failed); }
        .verdict ul { margin: .3rem 0; padding-left: 1.2rem; }
        .numbers { display: grid; gap: .8rem;
            grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); }
        .numbers div { display: flex; flex-direction: column; padding: .6rem .9rem;
            background: var(--soft); }
        .numbers dd { margin: 0; font-size: 1.6rem; font-variant-numeric: tabular-nums; }
        .numbers dt { color: var(--quiet); font-size: .85rem; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; }
        th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
            vertical-align: top; }
        th { color: var(--quiet); font-size: .85rem; font-weight: 600; white-space: nowrap; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums;
            white-space: nowrap; }
        pre { margin: 0; font-size: .85rem; max-height: 12rem; overflow: auto;
            white-space: pre-wrap; }
        pre { overflow-wrap: anywhere; min-width: 12rem; }
        .state { font-weight: 600; }
        .state.failed, .state.stuck, .state.held { color: var(--failed); }
        .state.quarantined { color: var(--quarantined); }
        .state.retrying, .state.unsettled, .state.ready, .state.waiting, .state.limited {
            color: var(--gap); }
        .state.running { color: var(--running); }
        .state.complete { color: var(--done); }
        .bar { display: block; width: 100%; min-width: 12rem; height: 1rem;
            background: var(--waiting); }
        .chart { display: block; width: 100%; height: 8rem; border-bottom: 1px solid var(--line); }
        rect.done { fill: var(--done); } rect.waiting { fill: var(--waiting); }
        rect.running { fill: var(--running); }
        rect.released, rect.retrying { fill: var(--released); }
        rect.failed { fill: var(--failed); } rect.quarantined { fill: var(--quarantined); }
        rect.gap { fill: var(--gap); }
        .legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; list-style: none; padding: 0;
            margin: .6rem 0; }
        .legend { color: var(--quiet); font-size: .85rem; }
        .key { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; }
        .key.done { background: var(--done); } .key.waiting { background: var(--waiting); }
        .key.running { background: var(--running); }
        .key.released, .key.retrying { background: var(--released); }
        .key.failed { background: var(--failed); }
        .key.quarantined { background: var(--quarantined); }
        .key.gap { background: var(--gap); }
        figure { margin: 0; }
        figcaption { display: flex; flex-wrap: wrap; justify-content: space-between;
            gap: .2rem 1rem; }
        figcaption { color: var(--quiet); font-size: .85rem; }
        """
}
