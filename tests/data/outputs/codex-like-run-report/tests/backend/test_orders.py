def test_place_order():
    assert True


def test_unknown_sku_is_refused():
    assert True


def test_note_length():
    assert True
