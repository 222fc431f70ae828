"""On which side of the scope a mention lies, by its own place, its heading and its examination."""

from __future__ import annotations

import pytest
from marked import complaints, settle

from miner.reader import Reader
from miner.records import Report

CASES = {
    # the name decides
    "phlebolith": ("{present/soft_tissue:Phleboliths} in the pelvis.", "CT ABDOMEN PELVIS"),
    "chondrocalcinosis": ("{present/soft_tissue:Chondrocalcinosis} of the knee.", None),
    "gallstones": ("{present/organ:Gallstones}.", "CT ABDOMEN"),
    "atherosclerosis": ("{present/vascular:Atherosclerotic calcification}.", "XR FOOT LEFT"),
    # the place decides
    "muscle": ("{present/soft_tissue:Calcification} in the psoas muscle.", "CT ABDOMEN"),
    "tendon": ("{present/soft_tissue:Calcification} in the Achilles tendon.", None),
    "subcutis": ("{present/soft_tissue:Calcification} in the subcutaneous fat.", "CT CHEST"),
    "aorta": ("{present/vascular:Calcification} of the aorta.", "XR LUMBAR SPINE"),
    "aortic adjective": ("{present/vascular:Aortic calcification}.", None),
    "coronary": ("Coronary artery {present/vascular:calcification}.", "CT CHEST"),
    "limb artery": ("{present/vascular:Calcification} of the popliteal artery.", "XR KNEE LEFT"),
    "kidney": ("{present/organ:Calcification} in the left kidney.", "CT ABDOMEN"),
    "valve": ("{present/organ:Calcification} of the mitral valve.", "CT CHEST"),
    "breast": ("{present/organ:Calcifications} in the left breast.", None),
    "lung granuloma": ("{present/organ:Calcified granuloma} in the right lung.", "XR CHEST"),
    "node": ("{present/other:Calcified} hilar lymph nodes.", "XR CHEST"),
    "disc": ("{present/other:Calcification} of the disc at L3-L4.", "XR LUMBAR SPINE"),
    "meniscus": ("{present/soft_tissue:Calcification} of the medial meniscus.", "XR KNEE LEFT"),
    "haemangioma": ("{present/soft_tissue:Calcification} in a hemangioma of the calf.", None),
    "beside an organ": ("{present/soft_tissue:Calcification} in the muscle adjacent to the kidney.", "CT ABDOMEN"),
    "two places": (
        "{present/vascular:Calcification} of the aorta and {present/soft_tissue:phleboliths} in the pelvis.",
        "CT ABDOMEN PELVIS",
    ),
    "place in the next clause": ("The aorta is tortuous and heavily {present/vascular:calcified}.", "XR CHEST"),
    # the heading decides
    "vessels heading": ("FINDINGS:\nVessels: {present/vascular:Calcified}.", "CT PELVIS"),
    "soft tissue heading": ("FINDINGS:\nSoft tissues: {present/soft_tissue:Calcification} noted.", "CT CHEST"),
    # the examination decides
    "limb": ("{present/soft_tissue:Calcification} noted.", "XR ELBOW LEFT"),
    "chest": ("{present/organ:Calcification} noted.", "XR CHEST"),
    "abdomen": ("{present/organ:Calcification} noted.", "CT ABDOMEN"),
    "nothing known": ("{present/soft_tissue:Soft tissue calcification} noted.", None),
    # weak words
    "bone in muscle": ("{present/soft_tissue:Heterotopic bone} in the adductor muscles.", None),
    "callus": ("Fracture with callus and periosteal new bone formation.", "XR FEMUR LEFT"),
    "osteophyte": ("Osteophytes and a calcaneal spur.", "XR FOOT LEFT"),
    "mineralisation": ("Bone mineralization is normal.", "XR HAND LEFT"),
    "ossification centres": ("Ossification centers are normal.", "XR ELBOW LEFT"),
    "serum calcium": ("HISTORY: Serum calcium 9.7 mg/dL. FINDINGS: Normal.", "XR HAND LEFT"),
    "rice bodies": ("Bursa filled with rice bodies.", "MR SHOULDER LEFT"),
    "foreign body": ("Radiopaque foreign body in the soft tissues.", "XR HAND LEFT"),
}
"""Marked texts with their examination."""

KNOWN_FAILURES: dict[str, str] = {}
"""Texts that are read wrongly at present, with what stands in the way."""


@pytest.mark.parametrize("name", CASES)
def test_scope(reader: Reader, name: str) -> None:
    """Each mention lies where its words, else its heading, else its examination place it; decoys are no mention."""
    text, examination = CASES[name]
    settle(name, complaints(reader, text, study_description=examination), KNOWN_FAILURES)


@pytest.mark.parametrize(
    ("text", "state", "elsewhere"),
    [
        ("Calcification of the aorta.", "absent", "present"),
        ("Calcification of the Achilles tendon.", "present", "absent"),
        ("Phleboliths. Calcification of the aorta.", "present", "present"),
        ("Possible calcification of the cuff.", "possible", "absent"),
        ("Possible calcification of the cuff. Phleboliths.", "present", "absent"),
        ("No calcification of the cuff.", "absent", "absent"),
        ("The previously seen calcification of the cuff has resolved.", "absent", "absent"),
        ("INDICATION: ?HO. FINDINGS: Normal.", "absent", "absent"),
    ],
)
def test_states_of_a_report(reader: Reader, text: str, state: str, elsewhere: str) -> None:
    """A report is present if one soft tissue mention is, else possible, else absent; elsewhere on its own."""
    reading = reader.read(Report("r", text))
    assert (reading.soft_tissue, reading.elsewhere) == (state, elsewhere)
