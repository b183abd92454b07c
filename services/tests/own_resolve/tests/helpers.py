"""Sales over two weeks and three time zones."""

SALES: list[dict[str, object]] = [
    {
        "record_id": str(number),
        "source": "tills",
        "sku": sku,
        "kind": kind,
        "quantity": quantity,
        "unit": "each",
        "occurred_at": occurred_at,
    }
    for number, (sku, kind, quantity, occurred_at) in enumerate(
        [
            ("APPLE", "sale", 2, "2026-11-16T00:30:00+01:00"),  # a Sunday in UTC
            ("APPLE", "sale", 3, "2026-11-16T01:30:00+01:00"),
            ("APPLE", "sale", -1, "2026-11-22T20:00:00.5-03:00"),
            ("APPLE", "stock", 90, "2026-11-18T09:00:00Z"),
            ("PEAR", "sale", 0.5, "2026-11-18T09:00:00Z"),
        ]
    )
]

WEEKS = [
    ("APPLE", "2026-11-09", 2.0),
    ("APPLE", "2026-11-16", 2.0),
    ("PEAR", "2026-11-16", 0.5),
]
