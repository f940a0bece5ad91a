//! Names of people who never lived, in the scripts real staff lists are written in.

pub(crate) const GIVEN: [&str; 36] = [
    "Amelia", "Zoë", "José", "Mei", "Priya", "Liam", "Søren", "Aroha", "Noah", "Fatima", "Łukasz", "Chloé", "Hana",
    "Oliver", "Björn", "Siobhán", "Tuấn", "Grace", "Ibrahim", "Anaïs", "Kofi", "Elena", "Mateus", "Yuki", "Dimitri",
    "Ngozi", "Tāne", "Ruth", "Çağla", "Hugo", "Inès", "Wei", "Marta", "Daniel", "Leilani", "Ömer",
];

pub(crate) const FAMILY: [&str; 36] = [
    "Nguyễn",
    "O’Brien",
    "García",
    "Kowalski",
    "Smith",
    "Müller",
    "Tanaka",
    "Singh",
    "Williams",
    "Håkansson",
    "Parata",
    "Okafor",
    "Dvořák",
    "Chen",
    "D’Angelo",
    "Papadopoulos",
    "Fernández",
    "Jensen",
    "Ahmed",
    "Lefèvre",
    "Wright",
    "van der Berg",
    "Şahin",
    "Rossi",
    "Kim",
    "Ó Murchú",
    "Silva",
    "Patel",
    "Brown",
    "Ivanova",
    "Lindqvist",
    "Tuhiwai",
    "Marić",
    "Edwards-Lee",
    "Peña",
    "Haddad",
];

pub(crate) const TITLES: [&str; 5] = ["Dr", "Professor", "Associate Professor", "Ms", "Mr"];

pub(crate) const ROLES: [&str; 5] =
    ["Coordinator", "Lecturer", "Chief Examiner", "Unit Convenor", "Tutor (off-campus & online)"];
