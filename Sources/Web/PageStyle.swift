/// The look of every page. Colours are those of Okabe and Ito, which people tell apart who do not see all of them; each comes with a
/// shape and a word.
enum PageStyle {
    static let text: StaticString = """
        :root{color-scheme:light dark;--paper:#f6f7f9;--card:#fff;--ink:#1b1f24;--faint:#59626d;--line:#d5dae0;--good:#00609a;--doubt:#8a5a00;--bad:#b03a00;\
        --good-bg:#e6f1f9;--doubt-bg:#fdf1d8;--bad-bg:#fde8dd;--unknown-bg:#eceef1;--code:#eef1f4;--link:#00528a;--press:#005a91;--pressed:#fff;\
        --s0:#0072b2;--s1:#e69f00;--s2:#009e73;--s3:#cc79a7;--s4:#56b4e9;--s5:#8a9099}
        @media (prefers-color-scheme:dark){:root{--paper:#13161a;--card:#1d2127;--ink:#e8ebef;--faint:#a3adb8;--line:#343b44;--good:#6cb8ee;--doubt:#f2b84b;\
        --bad:#ff9166;--good-bg:#12293a;--doubt-bg:#3a2c0b;--bad-bg:#43200f;--unknown-bg:#2a2f36;--code:#282e36;--link:#86c5f4;--press:#6cb8ee;--pressed:#0b1116;\
        --s0:#3a9bdc;--s1:#f2b84b;--s2:#1fc295;--s3:#e29cc2;--s4:#9fd6f7;--s5:#7d868f}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;\
        overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
        bdi,li,p,dd,h1,h3{unicode-bidi:isolate}
        a{color:var(--link)}
        a:focus-visible,code:focus-visible,summary:focus-visible,button:focus-visible{outline:3px solid var(--good);outline-offset:2px}
        .skip{position:absolute;left:-99em}.skip:focus{left:.5em;top:.5em;background:var(--card);padding:.5em}
        header,main,footer,#lost{max-width:1160px;margin:0 auto;padding:0 16px}
        header{display:flex;flex-wrap:wrap;gap:2px 14px;padding-top:10px;padding-bottom:10px;color:var(--faint);font-size:14px;align-items:baseline}
        header strong{color:var(--ink);font-size:15px}header .asof{margin-left:auto}
        header a{text-decoration:none}
        #lost{padding:8px 16px;background:var(--bad-bg);border-left:6px solid var(--bad)}
        .banner{border-radius:10px;border-left:10px solid var(--faint);padding:14px 16px;background:var(--unknown-bg)}
        .banner.good,.banner.info{background:var(--good-bg);border-color:var(--good)}
        .banner.doubtful{background:var(--doubt-bg);border-color:var(--doubt)}
        .banner.bad{background:var(--bad-bg);border-color:var(--bad)}
        h1{font-size:28px;line-height:1.2;margin:0}
        .banner .mark{display:inline-block;min-width:1.1em;color:var(--faint)}
        .good>.mark,.banner.good .mark,.banner.info .mark{color:var(--good)}.banner.doubtful .mark{color:var(--doubt)}.banner.bad .mark{color:var(--bad)}
        .lead{font-size:17px;margin:4px 0 10px}
        .stop{border:2px solid var(--bad);border-radius:6px;padding:6px 10px;font-weight:600}
        dl{margin:0}dl>div{display:grid;grid-template-columns:7.2em 1fr;gap:2px 10px;padding:5px 0;border-top:1px solid var(--line)}
        dt{color:var(--faint)}dd{margin:0}
        dd ul{margin:0;padding:0;list-style:none}dd li+li{margin-top:3px}
        h2{font-size:18px;margin:22px 0 8px}
        h3{font-size:16px;margin:0 0 4px;line-height:1.35}
        h2 .faint,h3 .faint{font-weight:400;font-size:14px}
        .count{display:inline-block;min-width:1.6em;padding:0 .45em;border-radius:1em;background:var(--unknown-bg);font-size:14px;font-weight:400;text-align:center}
        .card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:0 0 10px}
        .card.bad{border-left:6px solid var(--bad)}.card.doubtful{border-left:6px solid var(--doubt)}.card.info{border-left:6px solid var(--good)}
        .card.ask{border-left:6px solid var(--ink)}
        .card p,.card ul{margin:4px 0}.card h2{margin-top:0}
        ul{padding-left:1.2em}li{margin:3px 0}
        .faint,.none{color:var(--faint)}.faint{font-size:14px}
        .chip{display:inline-block;padding:0 .5em;border-radius:4px;border:1px solid currentColor;font-size:13px;font-weight:600;white-space:nowrap}
        .chip.bad,span.bad,p.bad{color:var(--bad)}.chip.doubtful,span.doubtful{color:var(--doubt)}.chip.info,span.good{color:var(--good)}
        code{font:14px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
        .cmd{display:inline-block;background:var(--code);border:1px solid var(--line);border-radius:5px;padding:3px 8px;user-select:all;-webkit-user-select:all}
        .cmd+button{margin-left:6px;font:inherit;font-size:13px;padding:3px 9px;border-radius:5px;border:1px solid var(--line);background:var(--card);color:var(--ink)}
        form{margin:6px 0}.who{margin:0;display:inline-flex;gap:8px;align-items:baseline}
        label{display:block;font-size:14px;color:var(--faint);margin-top:4px}
        input,select{font:inherit;max-width:100%;padding:7px 9px;border-radius:6px;border:1px solid var(--faint);background:var(--card);color:var(--ink)}
        input[type=text],input[type=password]{width:100%;max-width:30em}
        form button{font:inherit;font-size:15px;min-height:40px;margin:8px 8px 0 0;padding:7px 16px;border-radius:6px;border:1px solid var(--faint);background:var(--card);color:var(--ink);cursor:pointer}
        form button.yes{background:var(--press);border-color:var(--press);color:var(--pressed)}form button.no{border-color:var(--bad);color:var(--bad)}
        .who button{min-height:0;margin:0;padding:2px 9px;font-size:13px}li form,p form{display:inline-block;margin:0 0 0 6px}
        li form button,p form button{min-height:0;margin:0;padding:2px 10px;font-size:13px}
        .card.sign{margin-top:12px}.away{position:absolute;left:-99em}
        input:focus-visible,select:focus-visible{outline:3px solid var(--good);outline-offset:1px}
        .notice{border-radius:8px;padding:10px 14px;background:var(--unknown-bg);border-left:6px solid var(--faint);margin:0 0 10px}
        p.notice.good{background:var(--good-bg);border-color:var(--good);color:var(--ink)}p.notice.bad{background:var(--bad-bg);border-color:var(--bad);color:var(--ink)}
        summary{cursor:pointer;padding:4px 0}
        pre{overflow-x:auto;background:var(--code);border:1px solid var(--line);border-radius:6px;padding:10px;font:13px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
        textarea{font:14px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;width:100%;padding:8px;border-radius:6px;border:1px solid var(--faint);background:var(--card);color:var(--ink)}
        .wide{overflow-x:auto;margin:0 0 12px}table{border-collapse:collapse;background:var(--card);min-width:20em}caption{text-align:left;font-weight:600;padding:6px 0}
        th,td{text-align:left;padding:5px 12px;border:1px solid var(--line);font-weight:400}thead th{color:var(--faint)}
        @media (max-width:600px){.wide table,.wide caption,.wide tbody,.wide tr,.wide th,.wide td{display:block;min-width:0}.wide thead{position:absolute;left:-99em}\
        .wide tr{border:1px solid var(--line);border-radius:8px;padding:6px 10px;margin:0 0 8px;background:var(--card)}.wide table{background:none}\
        .wide th,.wide td{border:0;padding:1px 0}.wide tbody th{font-weight:600}.wide td{display:grid;grid-template-columns:3.4em 1fr}.wide td::before{content:attr(data-of);color:var(--faint)}}
        .figures{display:flex;flex-wrap:wrap;gap:2px 14px}
        .replica{border-top:1px solid var(--line);padding:6px 0}.replica p{margin:0}
        .timeline{list-style:none;padding:0;margin:0;border-left:3px solid var(--line)}
        .timeline li{padding:4px 0 8px 14px;margin:0}.timeline time{display:block;color:var(--faint);font-size:13px}
        figure{margin:0 0 14px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
        svg{display:block;width:100%;height:56px;margin-top:4px}
        polyline{fill:none;stroke:var(--good);stroke-width:2;vector-effect:non-scaling-stroke}circle{fill:var(--good)}
        .gap{stroke:var(--bad);stroke-width:2;vector-effect:non-scaling-stroke}
        .event{stroke:var(--faint);stroke-width:1;vector-effect:non-scaling-stroke}.event.incident{stroke:var(--bad);stroke-dasharray:4 2}.event.lease{stroke:var(--doubt);stroke-dasharray:1 2}
        svg.plot{height:110px;background:var(--card)}
        path.c0,.key.c0{fill:var(--s0);background:var(--s0)}path.c1,.key.c1{fill:var(--s1);background:var(--s1)}path.c2,.key.c2{fill:var(--s2);background:var(--s2)}\
        path.c3,.key.c3{fill:var(--s3);background:var(--s3)}path.c4,.key.c4{fill:var(--s4);background:var(--s4)}path.c5,.key.c5{fill:var(--s5);background:var(--s5)}
        .plot path{stroke:var(--card);stroke-width:1;vector-effect:non-scaling-stroke}
        .plot .l0{stroke:var(--s0)}.plot .l1{stroke:var(--s1);stroke-width:3;stroke-dasharray:2 3}.plot .l2{stroke:var(--s2);stroke-dasharray:10 2 2 2}\
        .key.l0{background:var(--s0)}.key.l1{height:0;border-top:4px dotted var(--s1);border-radius:0;vertical-align:middle}.key.l2{height:3px;background:var(--s2);border-radius:0;vertical-align:middle}.plot .dot{stroke-width:3;vector-effect:non-scaling-stroke}
        .plot rect.gap{fill:var(--line);stroke:none}.key.gap{background:var(--line);border:1px solid var(--faint)}
        .plot path.untold{fill:var(--card);stroke:var(--faint);stroke-width:1.5}.key.untold{background:var(--card);border:1.5px solid var(--faint)}
        .plot rect.unwritten{fill:var(--line);fill-opacity:.35;stroke:var(--faint);stroke-dasharray:1 3;vector-effect:non-scaling-stroke}.key.unwritten{border:1px dotted var(--faint)}
        .plot .level{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:8 4;vector-effect:non-scaling-stroke}.key.level{height:0;border-top:2px dashed var(--bad);border-radius:0;vertical-align:middle}
        .key{display:inline-block;width:1.1em;height:.75em;border-radius:2px;margin-inline-end:.35em}
        .legend{list-style:none;padding:0;margin:4px 0 0;display:flex;flex-wrap:wrap;gap:1px 14px;font-size:14px}
        .range{display:flex;flex-wrap:wrap;gap:6px;margin:0 0 6px}.range a{padding:5px 9px;border:1px solid var(--line);border-radius:6px;background:var(--card);text-decoration:none}
        .range a[aria-current]{border-color:var(--ink);font-weight:600;color:var(--ink)}
        .charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(240px,1fr));gap:0 14px}
        .axis{display:flex;justify-content:space-between;margin:2px 0 0}
        dialog{border:1px solid var(--faint);border-radius:10px;background:var(--card);color:var(--ink);max-width:34em;padding:14px 18px}dialog::backdrop{background:rgba(0,0,0,.5)}
        kbd{font:13px ui-monospace,"DejaVu Sans Mono",monospace;border:1px solid var(--faint);border-radius:4px;padding:1px 6px}.check input{margin-inline-end:.5em}
        footer button{font:inherit;color:var(--link);background:none;border:1px solid var(--line);border-radius:5px;padding:1px 8px;cursor:pointer}
        footer{color:var(--faint);font-size:13px;padding-top:22px;padding-bottom:28px}
        @media (min-width:900px){.columns{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:0 26px}h1{font-size:34px}\
        .banner dl{display:grid;grid-template-columns:1fr 1fr;gap:0 26px}}
        @media (max-width:430px){dl>div{grid-template-columns:5.9em 1fr}dt{font-size:14px}.banner{padding:12px 12px}.card{padding:10px 12px}}
        @media (forced-colors:active){.banner,.card{border:2px solid CanvasText}}
        @media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
        """
}

/// Brings a page up to date where it stands, and says so when that fails. Without it the page reloads itself.
enum PageScript {
    /// Asks for a page once more, from here, with the part of it that a link named.
    static let again: StaticString = "location.replace(location.pathname + '?here=1' + location.hash);"

    static let text: StaticString = """
        (() => {
          'use strict';
          const every = 10000;
          const lost = document.getElementById('lost');
          let heard = new Date();
          function buttons() {
            if (!navigator.clipboard) return;
            for (const code of document.querySelectorAll('main code.cmd')) {
              const button = document.createElement('button');
              button.type = 'button';
              button.textContent = 'Copy';
              button.setAttribute('aria-label', 'Copy ' + code.textContent);
              button.addEventListener('click', () => navigator.clipboard.writeText(code.textContent).then(() => { button.textContent = 'Copied'; }, () => {}));
              code.after(button);
            }
          }
          function isBusy() {
            const selected = document.getSelection();
            const typed = [...document.querySelectorAll('main input, main select, main textarea')].some((f) => f.type !== 'hidden' && !f.disabled && (f.tagName === 'SELECT' ? [...f.options].some((o) => o.selected !== o.defaultSelected && f.selectedIndex > 0) : f.value !== f.defaultValue));
            return document.hidden || typed || (selected && !selected.isCollapsed) || (document.activeElement && document.activeElement.matches('main input:not([type=submit]), main select, main textarea, dialog *'));
          }
          function take(text) {
            const fresh = new DOMParser().parseFromString(text, 'text/html');
            const main = fresh.querySelector('main'), header = fresh.querySelector('header');
            if (!main || !header) return false;
            const open = new Set([...document.querySelectorAll('details[open]')].map((d) => d.id));
            const place = placeOf(document.activeElement);
            document.querySelector('main').replaceWith(main);
            document.querySelector('header').replaceWith(header);
            for (const d of document.querySelectorAll('details')) d.open = open.has(d.id);
            document.title = fresh.title;
            const icon = fresh.querySelector('link[rel=icon]');
            if (icon) document.querySelector('link[rel=icon]').href = icon.href;
            buttons();
            refocus(place);
            soon();
            ends();
            keepPart();
            return true;
          }
          /* Where the keyboard is: what it is on, and the how-manieth of these in its part of the page. */
          function nameOf(e) { return e.tagName + ' ' + (e.getAttribute('href') || e.getAttribute('formaction') || e.name || '') + ' ' + (e.tagName === 'SUMMARY' ? e.parentElement.id : e.textContent.trim()); }
          function partOf(e) { const part = e.closest('section[id], section[aria-labelledby]'); return part ? part.id || part.getAttribute('aria-labelledby') : ''; }
          function placeOf(e) {
            if (!e || !e.closest('main') || e.tagName === 'MAIN') return null;
            const same = [...document.querySelectorAll('main *')].filter((o) => o.tagName === e.tagName && nameOf(o) === nameOf(e) && partOf(o) === partOf(e));
            return { tag: e.tagName, name: nameOf(e), part: partOf(e), index: same.indexOf(e), tabindex: e.getAttribute('tabindex') };
          }
          function refocus(place) {
            if (!place) return;
            const same = [...document.querySelectorAll('main ' + place.tag)].filter((o) => nameOf(o) === place.name && partOf(o) === place.part);
            const found = same[place.index] || same[0];
            if (!found) return;
            if (place.tabindex !== null) found.setAttribute('tabindex', place.tabindex);
            found.focus({ preventScroll: true });
          }
          function soon() {
            if (document.querySelector('main[data-soon]')) setTimeout(refresh, 1500);
          }
          /* An offer that nobody can answer any more has no buttons: at its end, and once somebody else answered while one types here. */
          function close(ask, why) {
            if (ask.hasAttribute('data-over')) return;
            ask.setAttribute('data-over', '');
            for (const part of ask.querySelectorAll('button, input')) part.disabled = true;
            const said = document.createElement('p');
            said.className = 'notice';
            said.setAttribute('role', 'status');
            said.textContent = why;
            ask.append(said);
          }
          function ends() {
            for (const ask of document.querySelectorAll('[data-ends]')) setTimeout(() => close(ask, 'The offer has ended: nobody answered in time.'), Math.min(Number(ask.dataset.ends) * 1000, 2147483647));
          }
          async function askAgain() {
            if (!document.querySelector('[data-ask]:not([data-over])')) return;
            try {
              const answer = await fetch(location.pathname + location.search, { cache: 'no-store', signal: AbortSignal.timeout(8000) });
              if (!answer.ok) return;
              const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
              const open = new Set([...fresh.querySelectorAll('[data-ask]')].map((ask) => ask.dataset.ask));
              for (const ask of document.querySelectorAll('[data-ask]')) if (!open.has(ask.dataset.ask)) close(ask, 'It waits no more: somebody has answered, or it has ended. What came of it shows in a moment.');
            } catch {}
          }
          /* Who signs in comes back to the part of the page that a link named. */
          function keepPart() {
            if (!/^#[a-z-]{1,20}$/.test(location.hash)) return;
            for (const link of document.querySelectorAll('a[href^="/sign-in?then="]')) if (!link.getAttribute('href').includes('%23')) link.setAttribute('href', link.getAttribute('href') + encodeURIComponent(location.hash));
            for (const field of document.querySelectorAll('form.sign input[name=then]')) if (!field.value.includes('#')) field.value += location.hash;
          }
          /* By the page's own clocks: a browser may have others, or wrong ones. */
          function age() { const told = document.querySelector('header .asof'); return told ? told.textContent : 'from ' + heard.toLocaleTimeString(); }
          async function refresh() {
            if (isBusy()) {
              if (!document.hidden) askAgain();
              if (!document.hidden && new Date() - heard > 20000) {
                lost.textContent = 'Held while you type or select: what stands here is ' + age() + '.';
                lost.hidden = false;
              }
              return;
            }
            try {
              const answer = await fetch(location.pathname + location.search, { cache: 'no-store', signal: AbortSignal.timeout(8000) });
              if (!answer.ok || !take(await answer.text())) throw new Error(String(answer.status));
              heard = new Date();
              lost.hidden = true;
            } catch {
              lost.textContent = 'No answer from the monitor: what stands here is ' + age() + '.';
              lost.hidden = false;
            }
          }
          /* Keys: none of them changes anything, and all can be switched off. */
          const dialog = document.getElementById('keys'), on = document.getElementById('keys-on'), show = document.getElementById('show-keys');
          try { on.checked = localStorage.getItem('keys') !== 'off'; } catch {}
          on.addEventListener('change', () => { try { localStorage.setItem('keys', on.checked ? 'on' : 'off'); } catch {} });
          show.hidden = false;
          show.addEventListener('click', () => dialog.showModal());
          function go(step) {
            const links = [...document.querySelectorAll('main article h3 a[href^="/incidents"]')];
            if (!links.length) return;
            const at = links.indexOf(document.activeElement);
            links[at < 0 ? (step > 0 ? 0 : links.length - 1) : (at + step + links.length) % links.length].focus();
          }
          function focusOn(selector) {
            const found = document.querySelector(selector);
            if (!found) return;
            if (!found.matches('a, button, input, code, select, textarea')) found.setAttribute('tabindex', '-1');
            found.scrollIntoView({ block: 'center' });
            found.focus();
          }
          const keys = {
            '?': () => dialog.showModal(), h: () => location.assign('/'), r: () => location.assign('/rules'), l: () => location.assign('/lab'),
            j: () => go(1), k: () => go(-1), w: () => focusOn('#waiting, #open'),
            a: () => { const found = [...document.querySelectorAll('main form[action$="/ack"] button, main code.cmd')].find((e) => e.tagName === 'BUTTON' || e.textContent.includes(' incidents ack ')); if (found) { found.scrollIntoView({ block: 'center' }); found.focus(); } },
            1: () => location.assign('/?range=1h#charts'), 6: () => location.assign('/?range=6h#charts'),
            2: () => location.assign('/?range=24h#charts'), 7: () => location.assign('/?range=7d#charts')
          };
          document.addEventListener('keydown', (event) => {
            if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open) return;
            if (event.target.matches && event.target.matches('input:not([type=checkbox]), select, textarea')) return;
            if (event.key !== '?' && !on.checked) return;
            const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
            if (act) { event.preventDefault(); act(); }
          });
          keepPart();
          window.addEventListener('hashchange', keepPart);
          if (!document.body.hasAttribute('data-live')) return;
          buttons();
          soon();
          ends();
          setInterval(refresh, every);
          /* What happens shows within seconds; without this every ten. */
          if (window.EventSource) {
            let first = true;
            new EventSource('/api/v1/events').addEventListener('situation', () => { if (!first) refresh(); first = false; });
          }
          document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
        })();
        """
}
