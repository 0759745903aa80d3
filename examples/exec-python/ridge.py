"""Ridge regression on random Fourier features (Rahimi & Recht 2007), in plain Python: learns a bumpy surface from noisy
samples. Genome: how many features, how fine they are, how strongly weights are held small. Performance: R squared."""

import math
import random
import struct

from doin import Domain, Refused, serve

TRAINING_SAMPLES = 300
EVALUATION_SAMPLES = 400
NOISE = 0.1
BLOCK = 25


def surface(x, y):
    return math.sin(3 * x) * math.cos(2 * y) + 0.5 * math.sin(5 * x * y)


def samples(source, count):
    """(x, y, value with noise) on the square from -1 to 1."""
    points = []
    for _ in range(count):
        x, y = source.uniform(-1, 1), source.uniform(-1, 1)
        points.append((x, y, surface(x, y) + source.gauss(0, NOISE)))
    return points


def make_features(count, scale, seed):
    source = random.Random(seed)
    return [(source.gauss(0, scale), source.gauss(0, scale), source.uniform(0, 2 * math.pi)) for _ in range(count)]


def apply_features(features, x, y):
    return [math.cos(a * x + b * y + c) for a, b, c in features] + [1.0]


def solve(matrix, right):
    """Solves for a symmetric positive definite matrix by Cholesky's decomposition."""
    size = len(right)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(a * b for a, b in zip(lower[i][:j], lower[j][:j]))
            if i == j:
                if not rest > 0:
                    raise Refused("non-finite-result", "the normal equations are singular")
                lower[i][i] = math.sqrt(rest)
            else:
                lower[i][j] = rest / lower[j][j]
    forward = []
    for i in range(size):
        forward.append((right[i] - sum(a * b for a, b in zip(lower[i][:i], forward))) / lower[i][i])
    solution = [0.0] * size
    for i in reversed(range(size)):
        rest = forward[i] - sum(lower[k][i] * solution[k] for k in range(i + 1, size))
        solution[i] = rest / lower[i][i]
    return solution


class Ridge(Domain):
    def train(self, genome, seed, max_epochs, early_patience, report):
        count = int(genome["features"])
        features = make_features(count, genome["scale"], seed)
        size = count + 1
        matrix = [[0.0] * size for _ in range(size)]
        right = [0.0] * size
        points = samples(random.Random(seed + b"training"), TRAINING_SAMPLES)
        for start in range(0, TRAINING_SAMPLES, BLOCK):
            report(0, 1, 0.0, 0.0)
            for x, y, value in points[start : start + BLOCK]:
                row = apply_features(features, x, y)
                for i, a in enumerate(row):
                    right[i] += a * value
                    line = matrix[i]
                    for j in range(i + 1):
                        line[j] += a * row[j]
        for i in range(size):
            matrix[i][i] += genome["ridge"]
        weights = solve(matrix, right)
        numbers = [number for feature in features for number in feature] + weights
        report(1, 1, 0.0, 0.0)
        return struct.pack("<%dd" % len(numbers), *numbers), 1

    def synthetic_data(self, seed):
        points = samples(random.Random(seed + b"evaluation"), EVALUATION_SAMPLES)
        return struct.pack("<%dd" % (3 * len(points)), *[number for point in points for number in point])

    def evaluate(self, genome, weights, data):
        features, solution = self.read(genome, weights)
        numbers = struct.unpack("<%dd" % (len(data) // 8), data)
        points = [numbers[at : at + 3] for at in range(0, len(numbers), 3)]
        predictions = [self.value(features, solution, x, y) for x, y, _ in points]
        values = [value for _, _, value in points]
        mean = sum(values) / len(values)
        variance = sum((value - mean) ** 2 for value in values) / len(values)
        errors = [(a - b) ** 2 / variance for a, b in zip(predictions, values)]
        error = sum(errors) / len(errors)
        if not math.isfinite(error) or error > 1e6:
            raise Refused("non-finite-result", "predictions are far out")
        spread = sum((one - error) ** 2 for one in errors) / len(errors)
        outputs = struct.pack("<%dd" % len(predictions), *predictions)
        return 1 - error, math.sqrt(spread / len(errors)), len(errors), outputs

    def predict(self, genome, weights, point):
        features, solution = self.read(genome, weights)
        # Input comes from strangers too. `type`, because True is an int to isinstance.
        if not (type(point) is list and len(point) == 2 and all(type(at) in (int, float) for at in point)):
            raise Refused("bad-input", "input must be a point: a list of two numbers")
        if not all(abs(at) <= 1e6 for at in point):
            raise Refused("bad-input", "a coordinate is beyond a million")
        return self.value(features, solution, float(point[0]), float(point[1]))

    def read(self, genome, weights):
        """Weights come from strangers: size and content are checked before anything is done with them."""
        count = int(genome["features"])
        expected = 8 * (3 * count + count + 1)
        if len(weights) != expected:
            raise Refused("bad-weights", "%d bytes; %d features take %d" % (len(weights), count, expected))
        numbers = struct.unpack("<%dd" % (expected // 8), weights)
        # Beyond it a cosine would be of rounding errors, and of infinity none at all.
        if not all(math.isfinite(number) and abs(number) < 1e12 for number in numbers):
            raise Refused("bad-weights", "a weight is not finite, or larger than any training gives")
        features = [numbers[at : at + 3] for at in range(0, 3 * count, 3)]
        return features, numbers[3 * count :]

    def value(self, features, solution, x, y):
        return sum(a * b for a, b in zip(solution, apply_features(features, x, y)))


serve(Ridge())
