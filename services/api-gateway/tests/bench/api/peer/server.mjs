// One unit with its score, from the same tables and in the same shape as the gateway gives it. Prepared statements, and
// what does not wait for another question is asked beside it. Prints its port once it listens.
import Fastify from "fastify";
import pg from "pg";

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 20,
  options: "-c search_path=catalogue,public",
});
const ask = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const UNIT = `
  SELECT unit.id, unit.code, unit.title, unit.first_seen_at, unit.last_seen_at, university.id AS university_id,
         university.slug AS university_slug, university.name AS university_name, version.number, version.facts,
         version.gaps, version.origins, source.slug AS source_slug, version.source_version, version.url,
         version.fetched_at, version.confirmed_at,
         (SELECT max(other.year) FROM units AS other WHERE other.university_id = unit.university_id) AS newest_year
  FROM units AS unit
  JOIN universities AS university ON university.id = unit.university_id
  JOIN unit_versions AS version ON version.id = unit.current_version
  JOIN sources AS source ON source.id = version.source_id
  WHERE unit.id = (SELECT coalesce(merged_into, id) FROM units WHERE id = $1)`;

const RATINGS = ["overall", "teaching", "difficulty", "workload", "usefulness"];
const THIS_YEAR = new Date().getUTCFullYear();
const hundredth = (number) => Math.round(number * 100) / 100;

function weighted(buckets) {
  const sums = RATINGS.map(() => 0);
  let total = 0;
  for (const bucket of buckets) {
    const weight = 0.5 ** (Math.max(0, THIS_YEAR - bucket.taken_year) / 3);
    total += weight * bucket.reviews;
    RATINGS.forEach((rating, index) => (sums[index] += weight * bucket[rating]));
  }
  return { sums, total };
}

function means(buckets, prior) {
  const { sums, total } = weighted(buckets);
  return Object.fromEntries(
    RATINGS.map((rating, index) => [rating, hundredth((sums[index] + 5 * prior[index]) / (total + 5))]),
  );
}

function score(buckets, ofUniversity) {
  const count = (rows, field) => rows.reduce((sum, row) => sum + row[field], 0);
  const reviews = count(buckets, "reviews");
  if (reviews === 0) return { reviews, overall: null, distribution: [0, 0, 0, 0, 0], recent: null };
  const all = weighted(ofUniversity);
  const prior = all.sums.map((sum) => (all.total > 0 ? sum / all.total : 3));
  const recent = buckets.filter((bucket) => bucket.taken_year >= THIS_YEAR - 2);
  return {
    reviews,
    ...means(buckets, prior),
    wouldRecommend: hundredth(count(buckets, "recommended") / reviews),
    distribution: [1, 2, 3, 4, 5].map((stars) => count(buckets, `overall_${stars}`)),
    recent: recent.length > 0 ? { reviews: count(recent, "reviews"), ...means(recent, prior) } : null,
  };
}

function bySession(buckets) {
  const enough = buckets.filter((bucket) => bucket.reviews >= 3 && bucket.taken_session !== "");
  enough.sort((one, other) => other.taken_year - one.taken_year || (one.taken_session < other.taken_session ? 1 : -1));
  return enough.map((bucket) => ({
    session: bucket.taken_session,
    year: bucket.taken_year,
    reviews: bucket.reviews,
    ...Object.fromEntries(RATINGS.map((rating) => [rating, hundredth(bucket[rating] / bucket.reviews)])),
    wouldRecommend: hundredth(bucket.recommended / bucket.reviews),
  }));
}

const app = Fastify({ logger: false });
app.get("/api/units/:id", async (request, reply) => {
  const [unit] = await ask("unit", UNIT, [request.params.id]);
  if (!unit) return reply.code(404).send({ title: "No such unit" });
  const [buckets, ofUniversity, formerly] = await Promise.all([
    ask("unit scores", "SELECT * FROM unit_scores WHERE unit_id = $1", [unit.id]),
    ask("university scores", "SELECT * FROM university_scores WHERE university_id = $1", [unit.university_id]),
    ask("former", "SELECT code FROM units WHERE merged_into = $1 ORDER BY code_normalised LIMIT 100", [unit.id]),
  ]);
  const { facts } = unit;
  const weights = (facts.assessments ?? []).map((task) => Number(task.weight));
  return {
    data: {
      ...facts,
      id: unit.id,
      code: unit.code,
      title: unit.title,
      university: { id: unit.university_id, slug: unit.university_slug, name: unit.university_name },
      creditPoints: facts.creditPoints === undefined ? null : Number(facts.creditPoints),
      standing: facts.year === unit.newest_year ? "current" : "notInNewestHandbook",
      formerly: formerly.map((row) => row.code),
      assessmentTotal: { weight: weights.reduce((sum, weight) => sum + weight, 0) },
      gaps: unit.gaps,
      provenance: unit.origins,
      source: {
        slug: unit.source_slug,
        url: unit.url,
        rulesVersion: unit.source_version,
        version: unit.number,
        fetchedAt: unit.fetched_at,
        confirmedAt: unit.confirmed_at,
        firstSeenAt: unit.first_seen_at,
        lastSeenAt: unit.last_seen_at,
      },
      score: score(buckets, ofUniversity),
      scoreBySession: bySession(buckets),
    },
  };
});
console.log(new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port);
