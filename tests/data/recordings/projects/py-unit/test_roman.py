import unittest


def to_roman(number):
    if number <= 0:
        raise ValueError("out of range: %d" % number)
    return "I" * number


class RomanTest(unittest.TestCase):
    def test_one(self):
        self.assertEqual(to_roman(1), "I")

    def test_four(self):
        self.assertEqual(to_roman(4), "IV")

    def test_zero(self):
        to_roman(0)

    @unittest.skip("later")
    def test_thousand(self):
        self.assertEqual(to_roman(1000), "M")


if __name__ == "__main__":
    unittest.main()
