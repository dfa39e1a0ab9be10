/* Answer texts; see templates.h. Order matters: special before general. */
#include "templates.h"

const struct answer_template answer_templates[] = {
    {false, "sql,query,database table",
     "## Query\n\nHere is a query for **{t}**. It aggregates per month, so the result stays small.\n\n"
     "```sql\nSELECT date_trunc('month', created_at) AS month,\n       customer_id,\n"
     "       count(*)   AS orders,\n       sum(total) AS revenue\nFROM   orders\n"
     "WHERE  created_at >= now() - interval '12 months'\nGROUP  BY 1, 2\nORDER  BY 1, revenue DESC;\n"
     "```\n\n### Notes\n\n- An index on `(created_at, customer_id)` lets the database avoid a full "
     "scan.\n- Keep money in an exact type such as `numeric(12, 2)`.\n- Add `HAVING sum(total) > 0` to "
     "hide customers without revenue.\n"},
    {false, "javascript,typescript,react!,node!,js function",
     "Here is a small, typed solution for **{t}**.\n\n```typescript\nexport function groupBy<T, K "
     "extends string>(\n  items: readonly T[],\n  keyOf: (item: T) => K,\n): Record<K, T[]> {\n  "
     "const groups = {} as Record<K, T[]>;\n  for (const item of items) {\n    const key = "
     "keyOf(item);\n    (groups[key] ?"
     "?= []).push(item);\n  }\n  return groups;\n}\n```\n\n**How it "
     "works**\n\n1. The key function decides where each item belongs.\n2. `?"
     "?=` creates a group the "
     "first time its key appears.\n3. The input stays untouched, which keeps it easy to test.\n\nCall "
     "it with `groupBy(users, u => u.team)`.\n"},
    {false, "bash,shell,terminal,command line,linux",
     "This script takes care of **{t}**:\n\n```bash\n#!/usr/bin/env bash\nset -euo pipefail\n\n"
     "source_dir=${1:?usage: backup.sh DIRECTORY}\ntarget=\"backup-$(date +%F).tar.zst\"\n\ntar --zstd "
     "-cf \"$target\" \"$source_dir\"\nsha256sum \"$target\" > \"$target.sha256\"\necho \"Wrote $target\"\n"
     "```\n\n- `set -euo pipefail` stops at the first error.\n- The checksum lets you verify the copy "
     "later with `sha256sum -c`.\n- Put it in a systemd timer to run it every night.\n"},
    {false, "code!,python,function,program,script,algorithm,class!",
     "## A solution in Python\n\nFor **{t}** a short function is enough:\n\n```python\nfrom "
     "collections import Counter\n\n\ndef most_common_words(text: str, limit: int = 10) -> "
     "list[tuple[str, int]]:\n    \"\"\"Return the most frequent words, longest first on ties.\"\"\"\n"
     "    words = (word.strip('.,!?').lower() for word in text.split())\n    counts = Counter(word for "
     "word in words if word)\n    return sorted(counts.items(), key=lambda item: (-item[1], "
     "-len(item[0])))[:limit]\n```\n\n### Why this way\n\n- **Readable**: each line does one thing.\n- "
     "**Fast enough**: one pass over the text, then a sort of the distinct words.\n- **Easy to "
     "test**: no global state, the same input always gives the same result.\n\nWould you like tests "
     "for it as well?\n"},
    {false, "table!,compare,comparison,versus,vs!,difference",
     "## Comparison\n\nHere is how the options for **{t}** compare:\n\n| Criterion | Option A | Option "
     "B | Option C |\n| --- | --- | --- | --- |\n| Set-up time | 1 day | 3 days | 2 weeks |\n| Monthly "
     "cost | $49 | $120 | $310 |\n| Works offline | yes | no | yes |\n| Best for | small teams | "
     "growing teams | regulated industries |\n\n**In short:** start with *Option A* when speed "
     "matters, choose *Option B* when the team grows past twenty people, and *Option C* when data must "
     "stay in-house.\n"},
    {false, "email,e-mail,letter,message to,reply to",
     "**Subject:** {t}\n\nHello,\n\nthank you for your patience. I would like to give you a short "
     "update:\n\n- the first part is finished and has been reviewed,\n- the second part follows by "
     "the end of the week,\n- nothing is needed from your side at the moment.\n\nIf you have any "
     "questions, simply reply to this message or suggest a time for a call.\n\nKind regards,\n*Your "
     "name*\n"},
    {false, "translat",
     "Here is the translation you asked for:\n\n| English | French | German | Polish |\n| --- | --- | --- "
     "| --- |\n| Good morning | Bonjour | Guten Morgen | Dzień dobry |\n| Thank you very much | Merci "
     "beaucoup | Vielen Dank | Dziękuję bardzo |\n| See you tomorrow | À demain | Bis morgen | Do "
     "jutra |\n\nIn writing, *Madame, Monsieur* is the safe opening in French when you do not know the "
     "reader.\n"},
    {false, "name!,names!,idea,brainstorm,slogan,suggest",
     "Here are some ideas for **{t}**:\n\n1. **Morning Crumb** – short, warm, easy to remember\n2. "
     "**Flour & Fable** – tells a story, works well on packaging\n3. **The Third Rise** – for people who "
     "know the craft\n4. **Golden Hour** – suggests freshness and light\n5. **Daily Grain** – friendly, "
     "good for a neighbourhood shop\n\nMy favourite is *Flour & Fable*: the domain is long, but nobody "
     "forgets it. Shall I check how the names sound in other languages?\n"},
    {false, "plan!,steps,how to,how do i,how can,guide,checklist,tips!,list!",
     "## {t}\n\nA plan that works well in practice:\n\n1. **Set the goal.** Write one sentence that "
     "says what should be different at the end.\n2. **Collect what you know.** Numbers first, opinions "
     "second.\n3. **Start small.** Try the idea with one team for two weeks.\n4. **Measure.** Compare "
     "with the numbers from step 2.\n5. **Decide.** Roll out, change or stop, and say why.\n\n### "
     "Common mistakes\n\n- Too many goals at once\n- No owner for a step\n- Measuring only what is "
     "easy to measure\n\n> Tip: put a date next to every step. A plan without dates is a wish.\n"},
    {false, "summar,shorten,tl;dr,key points",
     "**Summary**\n\n- The text is about {t}.\n- The main argument: small, steady improvements beat "
     "rare big changes.\n- Figures support it: the time per case fell from 14 to 9 minutes within a "
     "quarter.\n- Open question: who keeps the documentation up to date?\n\n*In one sentence:* start "
     "with the step that is easy to undo.\n"},
    {false, "hello!,hi!,hey!,good morning,thanks,thank you",
     "Hello! How can I help you today? I can draft texts, explain a topic, write and review code, or "
     "turn your notes into a table.\n"},
    {false, "explain,how do,how does,why,what is,what are",
     "## {t}\n\n**The short answer.** Three things work together: a source, a transformation and a way to "
     "store the result. Understand those and the rest are details.\n\n### Step by step\n\n1. **Source.** "
     "Something supplies energy, data or money, usually unevenly over the day.\n2. **Transformation.** A "
     "process turns it into a useful form. Here most of the losses occur, typically *15 to 25 %*.\n3. "
     "**Storage.** What is not used at once is kept for later, at a cost.\n\n### An analogy\n\n> Think of "
     "rain on a roof: the gutter collects it, a filter cleans it, and the barrel keeps it for a dry "
     "week.\n\n### What to remember\n\n- The weakest of the three parts limits the whole.\n- Improving "
     "the strongest part changes little.\n- Measure before you optimize.\n"},
    {false, "",
     "## {t}\n\nIn short: it is easier than it looks once the parts are separated.\n\n**What "
     "matters**\n\n- **The basics.** Every approach rests on a few ideas that can be understood in an "
     "afternoon.\n- **The trade-off.** More speed usually costs accuracy, and more accuracy costs "
     "time.\n- **The practice.** Small examples teach more than long definitions.\n\n**An "
     "example.** Suppose a company answers 200 questions a day. If each answer takes five minutes, "
     "that is almost 17 hours of work. Halving the time frees one person for better things.\n\nIf you "
     "tell me more about your situation, I can make this more concrete.\n"},
    {true, "sql,zapytanie,baza danych,bazy danych",
     "## Zapytanie\n\nOto zapytanie do zadania **{t}**. Wynik jest grupowany po miesiącach.\n\n"
     "```sql\nSELECT strftime('%Y-%m', utworzono) AS miesiac,\n       klient_id,\n       count(*)     AS "
     "zamowienia,\n       sum(kwota)   AS przychod\nFROM   zamowienia\nGROUP  BY 1, 2\nORDER  BY 1, "
     "przychod DESC;\n```\n\n- Indeks na `(utworzono, klient_id)` przyspieszy zapytanie.\n- Kwoty "
     "najlepiej przechowywać w groszach, jako liczby całkowite.\n"},
    {true, "kod,python,funkcj,program,skrypt,javascript,algorytm",
     "## Rozwiązanie w Pythonie\n\nDla zadania **{t}** wystarczy krótka funkcja:\n\n```python\ndef "
     "podatek(kwota_netto: float, stawka: float = 0.23) -> float:\n    \"\"\"Zwraca kwotę brutto "
     "zaokrągloną do groszy.\"\"\"\n    if kwota_netto < 0:\n        raise ValueError(\"kwota nie może "
     "być ujemna\")\n    return round(kwota_netto * (1 + stawka), 2)\n```\n\n### Dlaczego tak\n\n- "
     "**Czytelność** – każda linia robi jedną rzecz.\n- **Bezpieczeństwo** – błędne dane od razu "
     "kończą się wyjątkiem.\n- **Testowalność** – ten sam argument zawsze daje ten sam wynik.\n\nCzy "
     "dopisać testy?\n"},
    {true, "tabel,porówna,różnic,zestawi",
     "## Porównanie\n\nZestawienie dla tematu **{t}**:\n\n| Kryterium | Wariant A | Wariant B | Wariant "
     "C |\n| --- | --- | --- | --- |\n| Czas wdrożenia | 1 dzień | 3 dni | 2 tygodnie |\n| Koszt "
     "miesięczny | 199 zł | 480 zł | 1250 zł |\n| Praca bez sieci | tak | nie | tak |\n| Najlepszy dla "
     "| małych zespołów | rosnących firm | branż regulowanych |\n\n**W skrócie:** na początek *wariant "
     "A*, a przy większym zespole *wariant B*.\n"},
    {true, "wyjaśnij,czym jest,co to,dlaczego,jak działa",
     "## {t}\n\n**Krótka odpowiedź.** Współdziałają trzy elementy: źródło, przetwarzanie i "
     "przechowywanie. Reszta to szczegóły.\n\n### Krok po kroku\n\n1. **Źródło** dostarcza tego, co "
     "potrzebne – zwykle nierówno w ciągu dnia.\n2. **Przetwarzanie** nadaje temu użyteczną formę. Tu "
     "powstaje najwięcej strat, zwykle *15–25 %*.\n3. **Przechowywanie** pozwala skorzystać z nadwyżki "
     "później.\n\n> W skrócie: całość jest tak mocna, jak jej najsłabszy element.\n\n### Warto "
     "zapamiętać\n\n- Najpierw zmierz, potem ulepszaj.\n- Poprawianie najmocniejszej części niewiele "
     "zmienia.\n"},
    {true, "mail,list do,wiadomość,pismo,odpowiedz na",
     "**Temat:** {t}\n\nDzień dobry,\n\ndziękuję za cierpliwość. Przesyłam krótką informację o "
     "postępach:\n\n- pierwsza część jest gotowa i sprawdzona,\n- druga będzie gotowa do końca "
     "tygodnia,\n- z Państwa strony nic nie jest teraz potrzebne.\n\nW razie pytań proszę o odpowiedź "
     "na tę wiadomość.\n\nZ poważaniem\n*Imię i nazwisko*\n"},
    {true, "plan,krok,jak ,lista,pomysł,wskazówk,sposob",
     "## {t}\n\nPlan, który sprawdza się w praktyce:\n\n1. **Określ cel.** Jedno zdanie: co ma być "
     "inaczej na końcu.\n2. **Zbierz fakty.** Najpierw liczby, potem opinie.\n3. **Zacznij od małego "
     "kroku.** Jeden zespół, dwa tygodnie.\n4. **Zmierz wynik.** Porównaj z liczbami z kroku 2.\n5. "
     "**Zdecyduj.** Wdrażamy, zmieniamy albo kończymy – i dlaczego.\n\n### Częste błędy\n\n- Zbyt wiele "
     "celów naraz\n- Brak osoby odpowiedzialnej\n- Mierzenie tylko tego, co łatwo zmierzyć\n\n> "
     "Wskazówka: dopisz datę do każdego kroku.\n"},
    {true, "cześć,czesc,dzień dobry,hej!,witaj,dziękuję,dzięki",
     "Dzień dobry! W czym mogę dziś pomóc? Mogę napisać tekst, wyjaśnić zagadnienie, przygotować kod "
     "albo zamienić notatki w tabelę.\n"},
    {true, "",
     "## {t}\n\nW skrócie: to prostsze, niż się wydaje, gdy podzieli się temat na części.\n\n**Co "
     "jest ważne**\n\n- **Podstawy.** Każde podejście opiera się na kilku pojęciach, które można poznać "
     "w jedno popołudnie.\n- **Kompromis.** Większa szybkość zwykle kosztuje dokładność.\n- "
     "**Praktyka.** Małe przykłady uczą więcej niż długie definicje.\n\n**Przykład.** Firma odpowiada "
     "na 200 pytań dziennie. Jeśli każda odpowiedź zajmuje pięć minut, to prawie 17 godzin pracy. "
     "Skrócenie czasu o połowę uwalnia jedną osobę do ważniejszych zadań.\n\nJeśli opiszesz swoją "
     "sytuację, odpowiem konkretniej.\n"},
};
const size_t answer_template_count = COUNT_OF(answer_templates);
