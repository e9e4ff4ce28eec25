#!/usr/bin/env python3
"""The Azure LLM trace as requests, and what spec/examples/llm-api.licit must charge for it.

    azure.py trace  CODE.csv CONV.csv    JSON Lines, one request a line, for `licit run`
    azure.py totals CODE.csv CONV.csv    JSON: counts, exact charge, amounts due and shares

The totals are computed from the price list as a person would, with exact fractions; nothing here reads a licence or
calls Licit. The files are those of Azure/AzurePublicDataset (AzureLLMInferenceTrace_{code,conv}.csv, CC-BY 4.0).
"""

import csv
import json
import sys
from collections import defaultdict
from fractions import Fraction

MILLION = 1_000_000
DAILY_PROMPT, MONTHLY_GENERATED = 36 * MILLION, 3_500_000
INPUT = [(10 * MILLION, Fraction("2.50")), (20 * MILLION, Fraction("1.25")), (None, Fraction("0.60"))]
OUTPUT = [(1 * MILLION, Fraction("10.00")), (None, Fraction("7.50"))]
SHARES = [("corpus", 40), ("lab", 30), ("cloud", 20), ("platform", 10)]


def rows(code, conv):
    """Both services' invocations in the order of their instants, cut to microseconds."""
    found = []
    for user, action, path in (("code", "complete", code), ("chat", "chat", conv)):
        with open(path, newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                instant = row["TIMESTAMP"].replace(" ", "T")[:26] + "Z"
                found.append((instant, user, number, action, int(row["ContextTokens"]), int(row["GeneratedTokens"])))
    return sorted(found)


def total(tiers, used):
    """The price of the first `used` units: each tier's rate per million times the part of them inside it."""
    price, left = Fraction(0), used
    for width, rate in tiers:
        part = left if width is None else min(left, width)
        price += rate * part / MILLION
        left -= part
    return price


def half_even(value):
    """Cents, ties to even (Python's own rule for fractions)."""
    return round(value * 100)


def totals(invocations):
    prompt_of_day, generated_of_month = defaultdict(int), defaultdict(int)
    priced_input = priced_output = 0
    permitted = denied = 0
    for instant, user, _, _, prompt, generated in invocations:
        day, month = instant[:10], (instant[:7], user)
        if prompt_of_day[day] + prompt > DAILY_PROMPT or generated_of_month[month] + generated > MONTHLY_GENERATED:
            denied += 1
            continue
        permitted += 1
        prompt_of_day[day] += prompt
        generated_of_month[month] += generated
        priced_input += prompt
        priced_output += generated
    if len({instant[:7] for instant, *_ in invocations}) > 1:
        sys.exit("the schedule's window is a month, and this trace spans several")
    charged = total(INPUT, priced_input) + total(OUTPUT, priced_output)
    due = half_even(charged)
    payable = {payee: due * percent // 100 for payee, percent in SHARES}
    return {
        "invocations": len(invocations),
        "permitted": permitted,
        "denied": denied,
        "prompt_tokens": priced_input,
        "generated_tokens": priced_output,
        "charged": f"{charged.numerator}/{charged.denominator}",
        "due_minor": due,
        "payable_minor": payable,
        "residue_minor": due - sum(payable.values()),
    }


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("trace", "totals"):
        sys.exit(__doc__)
    invocations = rows(sys.argv[2], sys.argv[3])
    if sys.argv[1] == "totals":
        print(json.dumps(totals(invocations), indent=2))
        return
    for instant, user, number, action, prompt, generated in invocations:
        print(json.dumps({
            "id": f"{user}-{number}", "at": instant, "user": user, "organisation": "contoso", "action": action,
            "purpose": "product", "quantities": {"prompt_token": prompt, "generated_token": generated},
        }))


if __name__ == "__main__":
    main()
